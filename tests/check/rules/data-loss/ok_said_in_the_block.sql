-- allow: drop-column: it is a fixture.
ALTER TABLE a DROP COLUMN IF EXISTS b;

-- Rollback:
--   ALTER TABLE a ADD COLUMN b int;
--   -- Data loss: what b was is not kept;
--   -- it comes back as null.
