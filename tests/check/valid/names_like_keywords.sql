SELECT copy, commit, rollback, begin, value, temp, search_path, savepoint FROM (SELECT 1, 2, 3, 4, 5, 6, 7, 8) AS t (copy, commit, rollback, begin, value, temp, search_path, savepoint);
ALTER TABLE users ADD COLUMN IF NOT EXISTS commit text, ADD COLUMN IF NOT EXISTS "begin" text;
UPDATE users SET search_path = 'x', rollback = commit;
SELECT set_config('search_path_of_app', 'x', true);

-- Irreversible: it is
-- only a fixture; but (like
-- all) it is valid.
