-- Not rerunnable: it is a fixture.
ALTER INDEX users_plan_idx RENAME TO users_tariff_idx;
ALTER TRIGGER touch ON users RENAME TO touch_users;
ALTER POLICY own ON users RENAME TO own_users;

-- Irreversible: it is a fixture.
