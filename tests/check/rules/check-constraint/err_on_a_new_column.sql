ALTER TABLE users
    ADD COLUMN IF NOT EXISTS level int NOT NULL DEFAULT 0
        CONSTRAINT users_level_check CHECK (level >= 0);

-- Nothing to undo: it is a fixture.
