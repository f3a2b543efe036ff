CREATE TABLE other (salt text DEFAULT gen_salt('bf'));
