-- Sizes are in bytes now.
ALTER TABLE users ALTER COLUMN size TYPE bigint;

-- Rollback:
--   ALTER TABLE users ALTER COLUMN size TYPE int;
--   -- Data loss: fails where a size does not fit.
