COPY a FROM STDIN;
COPY a (b, c) FROM stdin WITH (FORMAT csv);
COPY (SELECT 1) TO STDOUT;
COPY a TO STDOUT;
DO $$ BEGIN EXECUTE 'COPY a TO STDOUT'; END $$;

-- Nothing to undo: it is only a fixture.
