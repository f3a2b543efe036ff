-- A quota counts from the day the subscription renews, not from the first of the month: Stripe says which day that is.
CREATE TABLE IF NOT EXISTS workspace_billing_cycles (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    stripe_subscription_id text NOT NULL,
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    synced_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_workspace_billing_cycles_subscription
    ON workspace_billing_cycles (stripe_subscription_id);

-- Rollback:
--   DROP TABLE workspace_billing_cycles;
--   -- Data loss: the current period of each workspace, until it is read from Stripe again.
