ALTER TABLE users
    ADD COLUMN IF NOT EXISTS at timestamptz DEFAULT clock_timestamp(),
    ADD COLUMN IF NOT EXISTS n int DEFAULT (random() * 10)::int,
    ADD COLUMN IF NOT EXISTS mine text DEFAULT public.mine(),
    ADD COLUMN IF NOT EXISTS theirs text DEFAULT lower("Theirs"('x')),
    ADD COLUMN IF NOT EXISTS ids uuid[] DEFAULT ARRAY[gen_random_uuid()];

-- Nothing to undo: it is a fixture.
