-- The private beta has a waiting list before it has accounts, so the addresses stand apart from users.
CREATE TABLE IF NOT EXISTS early_access_emails (
    id serial PRIMARY KEY,
    email text NOT NULL UNIQUE,
    created_at timestamptz DEFAULT now()
);

-- Rollback:
--   DROP TABLE early_access_emails;
--   -- Data loss: the waiting list.
