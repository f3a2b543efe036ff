-- Overage is reported to an item of the Stripe subscription; looking it up each time would cost a call per run.
ALTER TABLE workspaces
    ADD COLUMN IF NOT EXISTS stripe_overage_item_id text;

-- Rollback:
--   ALTER TABLE workspaces DROP COLUMN stripe_overage_item_id;
--   -- Data loss: the Stripe item that overage of each workspace is billed to.
