UPDATE a SET b = 1;

-- Irreversible: what b was
-- is not kept anywhere.
