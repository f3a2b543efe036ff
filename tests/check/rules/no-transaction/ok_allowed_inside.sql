-- allow: vacuum-full: it is a fixture.
-- allow: reindex: it is a fixture.
REFRESH MATERIALIZED VIEW CONCURRENTLY v;
CLUSTER a USING a_b_idx;
REPACK a USING INDEX a_b_idx;
REINDEX TABLE a;
ANALYZE a;
ALTER TYPE t ADD VALUE IF NOT EXISTS 'x';
CALL tidy_up();

-- Nothing to undo: it is only a fixture.
