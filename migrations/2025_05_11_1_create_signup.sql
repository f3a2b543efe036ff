-- Billing needs to know who signs up: company, country and tax id for the invoice, Stripe customer and plan for the rest.
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS company_name text,
    ADD COLUMN IF NOT EXISTS country text,
    ADD COLUMN IF NOT EXISTS tax_id text,
    ADD COLUMN IF NOT EXISTS stripe_customer_id text,
    ADD COLUMN IF NOT EXISTS is_subscribed boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS plan text,
    ADD COLUMN IF NOT EXISTS trial_ends_at timestamptz,
    ADD COLUMN IF NOT EXISTS settings jsonb NOT NULL DEFAULT '{}';

-- Rollback:
--   ALTER TABLE users
--       DROP COLUMN settings,
--       DROP COLUMN trial_ends_at,
--       DROP COLUMN plan,
--       DROP COLUMN is_subscribed,
--       DROP COLUMN stripe_customer_id,
--       DROP COLUMN tax_id,
--       DROP COLUMN country,
--       DROP COLUMN company_name;
--   -- Data loss: company, country, tax id, Stripe customer, subscription, plan, trial end and settings of all users.
