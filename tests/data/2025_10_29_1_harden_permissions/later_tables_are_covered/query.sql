SELECT count(*) FROM pg_default_acl;
