-- Sizes are written by hand.
ALTER TABLE users ADD COLUMN IF NOT EXISTS size text;

-- Rollback:
--   ALTER TABLE users DROP COLUMN size;
--   -- Data loss: all sizes.
