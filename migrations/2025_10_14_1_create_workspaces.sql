-- Companies work on workflows together: they belong to a workspace with members and teams, or to one user as before.
-- workspace_id stands on everything that belongs to a workflow, so that each table can be asked without a join.
-- allow: long-table-lock: one index reads workflows, which is ten days old; all other locks are for new columns and
-- foreign keys without a value, and last no longer.
DO $$
BEGIN
    IF to_regtype('workspace_role') IS NULL THEN
        CREATE TYPE workspace_role AS ENUM ('owner', 'admin', 'user', 'viewer');
    END IF;
END
$$;

ALTER TABLE users
    ADD COLUMN IF NOT EXISTS onboarded_at timestamptz;

CREATE TABLE IF NOT EXISTS workspaces (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workspace_members (
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role workspace_role NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_workspace_owner_unique ON workspace_members (workspace_id) WHERE role = 'owner';

CREATE TABLE IF NOT EXISTS teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS team_members (
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
);

CREATE TABLE IF NOT EXISTS team_workflow_shares (
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, workflow_id)
);

ALTER TABLE workflows
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE workflow_logs
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE workflow_runs
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE workflow_node_runs
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE workflow_dead_letters
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE workflow_schedules
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE webhook_replays
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);
ALTER TABLE egress_block_events
    ADD COLUMN IF NOT EXISTS workspace_id uuid REFERENCES workspaces (id);

-- allow: drop-index: the old index goes in the transaction that brings the new one; workflows is ten days old and
-- locked for a moment.
-- allow: create-index: workflows is ten days old and holds what the private beta has drawn since; the index is there in
-- a moment.
DROP INDEX IF EXISTS idx_workflows_user_lower_name_unique;
CREATE UNIQUE INDEX IF NOT EXISTS idx_workflows_owner_scope_lower_name_unique
    ON workflows (coalesce(workspace_id, user_id), lower(name));

-- Rollback:
--   DROP INDEX idx_workflows_owner_scope_lower_name_unique;
--   ALTER TABLE workflows DISABLE TRIGGER update_workflows_updated_at;
--   DO $$
--   DECLARE
--       duplicate record;
--       suffix integer;
--       candidate text;
--   BEGIN
--       FOR duplicate IN
--           SELECT id, user_id, name, place
--           FROM (
--               SELECT
--                   id,
--                   user_id,
--                   name,
--                   row_number() OVER (PARTITION BY user_id, lower(name) ORDER BY created_at NULLS LAST, id) AS place
--               FROM workflows
--           ) AS ranked
--           WHERE place > 1
--           ORDER BY user_id, lower(name), place
--       LOOP
--           IF duplicate.place = 2 THEN
--               suffix := 1;
--           END IF;
--           LOOP
--               suffix := suffix + 1;
--               candidate := format('%s (%s)', duplicate.name, suffix);
--               EXIT WHEN NOT EXISTS (
--                   SELECT
--                   FROM workflows
--                   WHERE user_id = duplicate.user_id
--                     AND lower(name) = lower(candidate)
--               );
--           END LOOP;
--           UPDATE workflows SET name = candidate WHERE id = duplicate.id;
--       END LOOP;
--   END
--   $$;
--   ALTER TABLE workflows ENABLE TRIGGER update_workflows_updated_at;
--   CREATE UNIQUE INDEX idx_workflows_user_lower_name_unique ON workflows (user_id, lower(name));
--   ALTER TABLE egress_block_events DROP COLUMN workspace_id;
--   ALTER TABLE webhook_replays DROP COLUMN workspace_id;
--   ALTER TABLE workflow_schedules DROP COLUMN workspace_id;
--   ALTER TABLE workflow_dead_letters DROP COLUMN workspace_id;
--   ALTER TABLE workflow_node_runs DROP COLUMN workspace_id;
--   ALTER TABLE workflow_runs DROP COLUMN workspace_id;
--   ALTER TABLE workflow_logs DROP COLUMN workspace_id;
--   ALTER TABLE workflows DROP COLUMN workspace_id;
--   DROP TABLE team_workflow_shares;
--   DROP TABLE team_members;
--   DROP TABLE teams;
--   DROP TABLE workspace_members;
--   DROP TABLE workspaces;
--   ALTER TABLE users DROP COLUMN onboarded_at;
--   DROP TYPE workspace_role;
--   -- Data loss: workspaces, members, teams and shares; which workspace workflows and what belongs to them were in;
--   -- when users were onboarded. Every workflow is its user's alone again.
--   -- Names that one user has in several workspaces are made unique as 2025_10_07_2 does it: the oldest workflow
--   -- keeps its name, later ones get " (2)", " (3)", ... for good.
