SELECT enumlabel FROM pg_enum WHERE enumtypid = 'oauth_provider'::regtype ORDER BY enumsortorder;
