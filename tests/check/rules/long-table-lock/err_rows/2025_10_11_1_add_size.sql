-- PostgreSQL writes each row anew where a domain has a constraint.
ALTER TABLE users ADD COLUMN IF NOT EXISTS size file_size;

-- Rollback:
--   ALTER TABLE users DROP COLUMN size;
--   -- Data loss: all sizes.
