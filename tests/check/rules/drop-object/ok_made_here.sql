-- Not rerunnable: it is a fixture.
CREATE TYPE plan AS ENUM ('a');
DROP TYPE plan;

-- Irreversible: it is a fixture.
