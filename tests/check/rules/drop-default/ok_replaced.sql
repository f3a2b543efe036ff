ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE public.users ALTER plan SET DEFAULT 'solo';

-- Irreversible: it is a fixture.
