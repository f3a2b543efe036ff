-- Not rerunnable: it is a fixture.
ALTER TABLE workflow_runs ADD CONSTRAINT one_at_a_time EXCLUDE USING gist (during WITH &&);

-- Nothing to undo: it is a fixture.
