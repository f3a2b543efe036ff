-- To be written.
/* soon */
;

-- Nothing to undo: it is only a fixture.
