-- Notes are written by hand.
ALTER TABLE users ADD COLUMN IF NOT EXISTS note text;

-- Rollback:
--   ALTER TABLE users DROP COLUMN note;
--   -- Data loss: all notes.
