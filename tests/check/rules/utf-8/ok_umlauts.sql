SELECT 'größer €, 🧾';

-- Nothing to undo: it is only a fixture.
