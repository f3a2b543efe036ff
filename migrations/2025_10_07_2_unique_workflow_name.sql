-- Two workflows of one user that differ in nothing but case are taken for each other, so names become unique.
-- The trigger rests while rows are renamed: a new name is no edit of the user's, updated_at stays as it is.
ALTER TABLE workflows DISABLE TRIGGER update_workflows_updated_at;

DO $$
DECLARE
    duplicate record;
    suffix integer;
    candidate text;
BEGIN
    FOR duplicate IN
        SELECT id, user_id, name, place
        FROM (
            SELECT
                id,
                user_id,
                name,
                row_number() OVER (PARTITION BY user_id, lower(name) ORDER BY created_at NULLS LAST, id) AS place
            FROM workflows
        ) AS ranked
        WHERE place > 1
        ORDER BY user_id, lower(name), place
    LOOP
        -- Each name starts at " (2)" and goes on behind its last suffix: those before it are taken.
        IF duplicate.place = 2 THEN
            suffix := 1;
        END IF;
        LOOP
            suffix := suffix + 1;
            candidate := format('%s (%s)', duplicate.name, suffix);
            EXIT WHEN NOT EXISTS (
                SELECT
                FROM workflows
                WHERE user_id = duplicate.user_id
                  AND lower(name) = lower(candidate)
            );
        END LOOP;
        UPDATE workflows SET name = candidate WHERE id = duplicate.id;
    END LOOP;
END
$$;

ALTER TABLE workflows ENABLE TRIGGER update_workflows_updated_at;

-- allow: create-index: workflows is three days old and holds what the private beta has drawn since; the index is there
-- in a moment.
CREATE UNIQUE INDEX IF NOT EXISTS idx_workflows_user_lower_name_unique ON workflows (user_id, lower(name));

-- Rollback:
--   DROP INDEX idx_workflows_user_lower_name_unique;
--   -- Data loss: the old names of workflows that were renamed to make names unique: they keep the new ones.
