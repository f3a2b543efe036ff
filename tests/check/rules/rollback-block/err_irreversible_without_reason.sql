UPDATE a SET b = 1;

-- Irreversible:
