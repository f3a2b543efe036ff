-- A workflow, the creator of a link (who was a team member too), an invitation and a whole workspace are gone.
DELETE FROM workflows WHERE id = 'b1000000-0000-4000-8000-000000000002';
DELETE FROM users WHERE id = 'a1000000-0000-4000-8000-000000000002';
DELETE FROM workspace_invitations WHERE id = 'e3000000-0000-4000-8000-000000000001';
DELETE FROM workspaces WHERE id = 'e1000000-0000-4000-8000-000000000002';
