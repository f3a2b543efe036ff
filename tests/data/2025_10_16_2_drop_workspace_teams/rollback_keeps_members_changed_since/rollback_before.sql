-- 4 rose, 2 was removed, and 3 left the first workspace and joined it again.
UPDATE workspace_members SET role = 'admin' WHERE workspace_id = 'e1000000-0000-4000-8000-000000000001' AND user_id = 'a1000000-0000-4000-8000-000000000004';
DELETE FROM workspace_members WHERE workspace_id = 'e1000000-0000-4000-8000-000000000001' AND user_id = 'a1000000-0000-4000-8000-000000000002';
UPDATE workspace_members SET joined_at = '2025-11-01 08:00:00+00' WHERE workspace_id = 'e1000000-0000-4000-8000-000000000001' AND user_id = 'a1000000-0000-4000-8000-000000000003';
