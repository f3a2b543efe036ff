-- Not rerunnable: it is a fixture.
ALTER TABLE days DETACH PARTITION days_2024;

-- Irreversible: it is a fixture.
