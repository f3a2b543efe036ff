CREATE TABLE IF NOT EXISTS "Users" (plan text);
CREATE TABLE IF NOT EXISTS audit.users (plan text);
CREATE UNIQUE INDEX IF NOT EXISTS users_plan_idx
    ON ONLY public.users USING btree (lower(plan))
    WHERE plan IS NOT NULL;
CREATE INDEX IF NOT EXISTS users_plan_idx2 ON "uSERS" (plan);

-- Nothing to undo: it is a fixture.
