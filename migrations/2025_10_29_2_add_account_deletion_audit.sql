-- Deleting an account takes two steps, so that a stolen session alone cannot do it.
-- What is on record about it must outlive the account: the audit refers to nothing.
CREATE TABLE IF NOT EXISTS account_deletion_tokens (
    token text PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_account_deletion_tokens_user_id ON account_deletion_tokens (user_id);

CREATE TABLE IF NOT EXISTS account_deletion_audit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid,
    email text NOT NULL,
    oauth_provider text,
    stripe_customer_id text,
    owned_workspace_count integer NOT NULL,
    member_workspace_count integer NOT NULL,
    workflow_count integer NOT NULL,
    ip_address text,
    user_agent text,
    metadata jsonb NOT NULL DEFAULT '{}',
    requested_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_account_deletion_audit_user_id ON account_deletion_audit (user_id);

-- Rollback:
--   DROP TABLE account_deletion_audit;
--   DROP TABLE account_deletion_tokens;
--   -- Data loss: the record of deleted accounts (export it first where the law asks for it), and open confirmations.
