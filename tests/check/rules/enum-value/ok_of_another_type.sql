ALTER TYPE plan ADD VALUE IF NOT EXISTS 'team';
CREATE TABLE IF NOT EXISTS notes (kind text NOT NULL DEFAULT 'team', size int);
ALTER TABLE notes ADD COLUMN IF NOT EXISTS other character varying(9) DEFAULT ('team');
UPDATE notes SET kind = 'team' WHERE other = 'team' AND notes.kind IN ('team', 'solo');
UPDATE users SET name = 'team'::text WHERE note = CAST('team' AS text) AND title = text 'team';

-- Nothing to undo: it is only a fixture.
