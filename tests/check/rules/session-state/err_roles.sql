SET ROLE app;
SET LOCAL ROLE app;
SET SESSION AUTHORIZATION app;
SET LOCAL SESSION AUTHORIZATION app;
SET LOCAL session_authorization = 'app';
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT set_config('role', 'app', true);
DO $$ BEGIN SET LOCAL ROLE app; END $$;

-- Nothing to undo: it is only a fixture.
