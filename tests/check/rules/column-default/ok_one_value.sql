ALTER TABLE users
    ADD COLUMN IF NOT EXISTS settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    ADD COLUMN IF NOT EXISTS level int NOT NULL DEFAULT -1,
    ADD COLUMN IF NOT EXISTS since timestamptz DEFAULT now() + interval '1 day',
    ADD COLUMN IF NOT EXISTS day date DEFAULT CURRENT_DATE,
    ADD COLUMN IF NOT EXISTS at timestamptz DEFAULT pg_catalog.now(),
    ADD COLUMN IF NOT EXISTS utc timestamp DEFAULT timezone('utc', now()),
    ADD COLUMN IF NOT EXISTS tags text[] NOT NULL DEFAULT ARRAY[]::text[],
    ADD COLUMN IF NOT EXISTS data jsonb DEFAULT jsonb_build_object('a', 1);

-- Nothing to undo: it is a fixture.
