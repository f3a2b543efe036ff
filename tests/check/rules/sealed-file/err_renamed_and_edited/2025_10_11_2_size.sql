-- Sizes are written by hand.
ALTER TABLE users ADD COLUMN IF NOT EXISTS size int;

-- Rollback:
--   ALTER TABLE users DROP COLUMN size;
--   -- Data loss: all sizes.
