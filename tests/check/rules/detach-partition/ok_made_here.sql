-- Not rerunnable: it is a fixture.
CREATE TABLE days (at date) PARTITION BY RANGE (at);
CREATE TABLE days_2024 PARTITION OF days DEFAULT;
ALTER TABLE days DETACH PARTITION days_2024;

-- Irreversible: it is a fixture.
