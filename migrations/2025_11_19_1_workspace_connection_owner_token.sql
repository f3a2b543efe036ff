-- A shared connection lives and dies with the account it was lent from, so it names the owner and the token.
-- With that, several members may lend an account of the same provider.
-- allow: long-table-lock: workspace_connections has a few rows for each workspace; filling and checking them takes a
-- moment.
ALTER TABLE workspace_connections
    ADD COLUMN IF NOT EXISTS owner_user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    ADD COLUMN IF NOT EXISTS user_oauth_token_id uuid REFERENCES user_oauth_tokens (id) ON DELETE CASCADE;

UPDATE workspace_connections
SET owner_user_id = created_by
WHERE owner_user_id IS NULL;

UPDATE workspace_connections AS connection
SET user_oauth_token_id = (
    SELECT token.id
    FROM user_oauth_tokens AS token
    WHERE token.user_id = connection.owner_user_id
      AND token.provider = connection.provider
      AND token.workspace_id IS NULL
    ORDER BY token.created_at DESC, token.updated_at DESC, token.id DESC
    LIMIT 1
)
WHERE connection.user_oauth_token_id IS NULL;

DO $$
DECLARE
    orphaned record;
BEGIN
    FOR orphaned IN
        SELECT
            count(*) AS connections,
            string_agg(
                format('%s (%s of user %s in workspace %s)', id, provider, owner_user_id, workspace_id), ', ' ORDER BY id
            ) AS list
        FROM workspace_connections
        WHERE user_oauth_token_id IS NULL
        HAVING count(*) > 0
    LOOP
        RAISE EXCEPTION
            'cannot find the personal token of every workspace connection, number of connections without one: %',
            orphaned.connections
            USING ERRCODE = 'not_null_violation',
                DETAIL = format('Connections without a token: %s.', orphaned.list),
                HINT = 'Have these users connect the account again, or delete the connections, '
                    'then run the migration again.';
    END LOOP;
END
$$;

-- allow: set-not-null: workspace_connections is a month old and has a few rows for each workspace; they are read in a
-- moment.
-- allow: drop-constraint: it forbids what this step is for; the application that upserts by it is replaced together
-- with it.
-- allow: create-index: workspace_connections is a month old and has a few rows for each workspace; it is there in a
-- moment.
ALTER TABLE workspace_connections
    ALTER COLUMN owner_user_id SET NOT NULL,
    ALTER COLUMN user_oauth_token_id SET NOT NULL,
    DROP CONSTRAINT IF EXISTS workspace_connections_workspace_id_provider_key;

CREATE UNIQUE INDEX IF NOT EXISTS workspace_connections_workspace_provider_owner_token_idx
    ON workspace_connections (workspace_id, provider, owner_user_id, user_oauth_token_id);

-- Rollback:
--   LOCK TABLE workspace_connections IN ACCESS EXCLUSIVE MODE;
--   DO $$
--   DECLARE
--       surplus bigint := (
--           SELECT count(*) - count(DISTINCT (workspace_id, provider)) FROM workspace_connections
--       );
--   BEGIN
--       IF surplus > 0 THEN
--           RAISE EXCEPTION
--               'cannot allow one connection per workspace and provider only, number of surplus rows: %', surplus
--               USING ERRCODE = 'unique_violation',
--                   HINT = 'Delete all but one connection of each workspace and provider in workspace_connections, '
--                       'then roll back again.';
--       END IF;
--   END
--   $$;
--   -- Before the step the creator is the one whose account is lent, and with whom the connection goes.
--   UPDATE workspace_connections
--   SET created_by = owner_user_id
--   WHERE created_by <> owner_user_id;
--   DROP INDEX workspace_connections_workspace_provider_owner_token_idx;
--   ALTER TABLE workspace_connections
--       ADD CONSTRAINT workspace_connections_workspace_id_provider_key UNIQUE (workspace_id, provider),
--       DROP COLUMN user_oauth_token_id,
--       DROP COLUMN owner_user_id;
--   -- Data loss: the token each connection came from, and who created it where that was not its owner.
--   -- Refuses where a workspace has several connections of a provider: which one to keep is not for a rollback to say.
