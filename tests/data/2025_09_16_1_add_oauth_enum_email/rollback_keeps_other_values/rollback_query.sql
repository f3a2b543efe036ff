SELECT 'label', enumlabel FROM pg_enum WHERE enumtypid = 'oauth_provider'::regtype
UNION ALL
SELECT last_name, oauth_provider::text FROM users
ORDER BY 1, 2;
