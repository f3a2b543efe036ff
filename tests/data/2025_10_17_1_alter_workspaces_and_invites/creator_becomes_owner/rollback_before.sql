UPDATE workspaces SET owner_id = 'a1000000-0000-4000-8000-000000000002', plan = 'solo', deleted_at = now();
