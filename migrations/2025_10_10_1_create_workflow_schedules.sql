-- A workflow starts by the clock as well: at most one schedule each, and the scheduler asks for what is due next.
CREATE TABLE IF NOT EXISTS workflow_schedules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    config jsonb NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    next_run_at timestamptz,
    last_run_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_workflow_schedules_workflow_id ON workflow_schedules (workflow_id);
CREATE INDEX IF NOT EXISTS idx_workflow_schedules_next_run ON workflow_schedules (next_run_at) WHERE enabled = true;

CREATE OR REPLACE FUNCTION set_workflow_schedules_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS set_workflow_schedules_updated_at ON workflow_schedules;
CREATE TRIGGER set_workflow_schedules_updated_at
    BEFORE UPDATE ON workflow_schedules
    FOR EACH ROW
    EXECUTE FUNCTION set_workflow_schedules_updated_at();

-- Rollback:
--   DROP TABLE workflow_schedules;
--   DROP FUNCTION set_workflow_schedules_updated_at();
--   -- Data loss: all schedules; nothing starts by the clock any more.
