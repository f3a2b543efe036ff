REINDEX TABLE users;
REINDEX (VERBOSE) INDEX users_plan_idx;

-- Nothing to undo: it is a fixture.
