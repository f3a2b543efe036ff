-- allow: enum-value: users.name is text.
ALTER TYPE plan ADD VALUE IF NOT EXISTS 'team';
UPDATE users SET name = 'team';

-- Nothing to undo: it is only a fixture.
