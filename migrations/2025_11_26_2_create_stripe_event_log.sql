-- Stripe delivers a webhook more than once; an id that stands here was handled and must not be billed again.
CREATE TABLE IF NOT EXISTS stripe_event_log (
    event_id text PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);

-- Rollback:
--   DROP TABLE stripe_event_log;
--   -- Data loss: ids of the webhooks handled so far; one that Stripe delivers again is handled again.
