ALTER TYPE public.plan ADD VALUE IF NOT EXISTS 'team';
CREATE TABLE IF NOT EXISTS notes (kind text, plan plan DEFAULT 'team', plans plan[]);
UPDATE notes SET plan = 'team' WHERE 'team' = plan;
UPDATE users SET kind = 'team';
SELECT 'team'::plan, '{team}'::plan[], CAST('team' AS public.plan);

-- Nothing to undo: it is only a fixture.
