COPY a FROM '/srv/a.csv' WITH (FORMAT csv);
SELECT 'COPY a FROM STDIN';
CREATE OR REPLACE FUNCTION copy() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT copy();

-- Nothing to undo: it is only a fixture.
