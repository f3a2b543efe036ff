-- GrÃ¶ÃŸen
SELECT 'groÃŸ', 'größer';

-- Nothing to undo: it is only a fixture.
