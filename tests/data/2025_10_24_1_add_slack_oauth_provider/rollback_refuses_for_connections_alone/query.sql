SELECT enumlabel FROM pg_enum WHERE enumtypid = 'oauth_connection_provider'::regtype ORDER BY enumsortorder;
