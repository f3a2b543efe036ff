-- Not rerunnable: it is a fixture.
CREATE TABLE bookings (during tstzrange, EXCLUDE USING gist (during WITH &&));
ALTER TABLE bookings ADD CONSTRAINT one_at_a_time EXCLUDE USING gist (during WITH &&);

-- Nothing to undo: it is a fixture.
