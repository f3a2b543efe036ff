CREATE TABLE later (id serial PRIMARY KEY);
INSERT INTO later DEFAULT VALUES;
CREATE TABLE seen AS
SELECT
    has_table_privilege('dsentr_app', 'later', 'SELECT') AND has_table_privilege('dsentr_app', 'later',
        'DELETE') AS app,
    has_sequence_privilege('dsentr_app', 'later_id_seq', 'USAGE') AS app_sequence,
    has_table_privilege('dsentr_readonly', 'later', 'SELECT') AS readonly_reads,
    has_table_privilege('dsentr_readonly', 'later', 'INSERT') AS readonly_writes,
    has_table_privilege('dsentr_owner', 'later', 'TRUNCATE') AS owner;
