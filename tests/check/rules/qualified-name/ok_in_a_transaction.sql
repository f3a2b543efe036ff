-- allow: create-index: it is a fixture.
-- In a transaction search_path is pinned.
CREATE INDEX IF NOT EXISTS workflows_name_idx ON workflows (lower(name));

-- Rollback:
--   DROP INDEX workflows_name_idx;
