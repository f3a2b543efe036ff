-- Notes are written by hand.
ALTER TABLE users ADD COLUMN IF NOT EXISTS color text;

-- Rollback:
--   ALTER TABLE users DROP COLUMN color;
--   -- Data loss: all colors.
