-- Workspaces are billed, handed over and deleted softly, so they need an owner, a plan and a deletion time of their own.
-- Invitations get one status instead of three times to compare; the audit names member and actor, and knows five actions.
-- allow: set-not-null: workspaces and their invitations are three days old at most; their rows are read in a moment.
-- allow: check-constraint: invitations are two days old, and their audit one day; their rows are read in a moment.
-- allow: drop-index: the UNIQUE below has an index on the same column, so nothing becomes slower.
-- allow: unique-constraint: workspace_invitations is two days old; the index is there in a moment.
-- allow: rename: the audit table is one day old, and the application that writes it is replaced together with this
-- step.
-- allow: long-table-lock: workspaces, invitations and audit are three days old at most; filling and checking them
-- takes a moment.
ALTER TABLE workspaces
    ADD COLUMN IF NOT EXISTS owner_id uuid REFERENCES users (id) ON DELETE CASCADE,
    ADD COLUMN IF NOT EXISTS plan text NOT NULL DEFAULT 'workspace',
    ADD COLUMN IF NOT EXISTS deleted_at timestamptz;

UPDATE workspaces SET owner_id = created_by WHERE owner_id IS NULL;

ALTER TABLE workspaces
    ALTER COLUMN owner_id SET NOT NULL;

-- The default comes after the rows are filled: until then null tells which ones are still to do.
ALTER TABLE workspace_invitations
    ADD COLUMN IF NOT EXISTS status text
        CONSTRAINT workspace_invitations_status_check
        CHECK (status IN ('pending', 'accepted', 'revoked', 'declined'));

UPDATE workspace_invitations
SET status = CASE
    WHEN accepted_at IS NOT NULL THEN 'accepted'
    WHEN revoked_at IS NOT NULL THEN 'revoked'
    WHEN ignored_at IS NOT NULL THEN 'declined'
    ELSE 'pending'
END
WHERE status IS NULL;

ALTER TABLE workspace_invitations
    ALTER COLUMN status SET DEFAULT 'pending',
    ALTER COLUMN status SET NOT NULL;

DROP INDEX IF EXISTS idx_workspace_invites_token;

DO $$
DECLARE
    sharing record;
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_constraint
        WHERE conrelid = 'workspace_invitations'::regclass
          AND conname = 'workspace_invitations_token_key'
    ) THEN
        RETURN;
    END IF;

    -- Asked first, because the server's own message would show the token, which is a secret.
    FOR sharing IN
        SELECT count(*) AS invitations, string_agg(id::text, ', ' ORDER BY id) AS ids
        FROM workspace_invitations
        WHERE token IN (SELECT token FROM workspace_invitations GROUP BY token HAVING count(*) > 1)
        HAVING count(*) > 0
    LOOP
        RAISE EXCEPTION 'cannot make invitation tokens unique, number of invitations that share one: %',
            sharing.invitations
            USING ERRCODE = 'unique_violation',
                DETAIL = format('Invitations that share a token: %s.', sharing.ids),
                HINT = 'Give all but one of each group a new token, or delete them, then run the migration again.';
    END LOOP;

    ALTER TABLE workspace_invitations
        ADD CONSTRAINT workspace_invitations_token_key UNIQUE (token);
END
$$;

DO $$
BEGIN
    -- The second run finds its work done.
    IF NOT EXISTS (
        SELECT
        FROM pg_attribute
        WHERE attrelid = 'workspace_member_audit'::regclass
          AND attname = 'acted_by'
          AND NOT attisdropped
    ) THEN
        RETURN;
    END IF;

    ALTER TABLE workspace_member_audit RENAME COLUMN user_id TO member_id;
    ALTER TABLE workspace_member_audit RENAME COLUMN acted_by TO actor_id;
    ALTER TABLE workspace_member_audit
        RENAME CONSTRAINT workspace_member_audit_user_id_fkey TO workspace_member_audit_member_id_fkey;
    ALTER TABLE workspace_member_audit
        RENAME CONSTRAINT workspace_member_audit_acted_by_fkey TO workspace_member_audit_actor_id_fkey;

    -- Older actions were free text. Each gets the action it means, or role_updated where that is not known, and its
    -- own words stay in front of the reason as [was: "..."], a JSON string, so that they can be read back exactly.
    -- A reason that happens to begin like that is marked too, or reading back would take it for a mark.
    UPDATE workspace_member_audit AS audit
    SET
        action = CASE
            WHEN audit.action IN ('invited', 'joined', 'role_updated', 'revoked', 'left') THEN audit.action
            WHEN spelling.word IN (
                'invite', 'invited', 'invitation', 'invitesent', 'invitationsent', 'invitecreated', 'invitationcreated'
            ) THEN 'invited'
            WHEN spelling.word IN (
                'join', 'joined', 'add', 'added', 'accept', 'accepted', 'inviteaccepted', 'invitationaccepted'
            ) THEN 'joined'
            WHEN spelling.word IN (
                'role', 'roleupdate', 'roleupdated', 'updaterole', 'rolechange', 'rolechanged', 'changerole',
                'update', 'updated', 'change', 'changed', 'promote', 'promoted', 'demote', 'demoted'
            ) THEN 'role_updated'
            WHEN spelling.word IN (
                'revoke', 'revoked', 'remove', 'removed', 'delete', 'deleted', 'kick', 'kicked',
                'inviterevoked', 'invitationrevoked'
            ) THEN 'revoked'
            WHEN spelling.word IN ('leave', 'left') THEN 'left'
            ELSE 'role_updated'
        END,
        reason = concat_ws(' ', format('[was: %s]', to_json(audit.action)), audit.reason)
    FROM (
        -- Case, separators and a leading "member" make no difference: Role-Updated, member_removed.
        SELECT
            id,
            regexp_replace(
                regexp_replace(lower(action COLLATE "C"), '[^a-z]+', '', 'g'), '^member(?=.)', ''
            ) AS word
        FROM workspace_member_audit
    ) AS spelling
    WHERE spelling.id = audit.id
      AND (
          audit.action NOT IN ('invited', 'joined', 'role_updated', 'revoked', 'left')
          OR audit.reason LIKE '[was: "%'
      );

    ALTER TABLE workspace_member_audit
        ADD CONSTRAINT workspace_member_audit_action_check
        CHECK (action IN ('invited', 'joined', 'role_updated', 'revoked', 'left'));
END
$$;

-- Rollback:
--   ALTER TABLE workspace_member_audit DROP CONSTRAINT workspace_member_audit_action_check;
--   UPDATE workspace_member_audit AS audit
--   SET action = before.mark[1]::jsonb #>> '{}', reason = before.mark[2]
--   FROM (
--       SELECT id, regexp_match(reason, '^\[was: ("(?:[^"\\]|\\.)*")\](?: (.*))?$') AS mark
--       FROM workspace_member_audit
--   ) AS before
--   WHERE before.id = audit.id
--     AND before.mark IS NOT NULL;
--   ALTER TABLE workspace_member_audit
--       RENAME CONSTRAINT workspace_member_audit_member_id_fkey TO workspace_member_audit_user_id_fkey;
--   ALTER TABLE workspace_member_audit
--       RENAME CONSTRAINT workspace_member_audit_actor_id_fkey TO workspace_member_audit_acted_by_fkey;
--   ALTER TABLE workspace_member_audit RENAME COLUMN member_id TO user_id;
--   ALTER TABLE workspace_member_audit RENAME COLUMN actor_id TO acted_by;
--
--   -- A status that none of the three times tells is put into its time, or a closed invitation would open again.
--   UPDATE workspace_invitations
--   SET
--       accepted_at = CASE WHEN status = 'accepted' THEN now() ELSE accepted_at END,
--       revoked_at = CASE WHEN status = 'revoked' THEN now() ELSE revoked_at END,
--       ignored_at = CASE WHEN status = 'declined' THEN now() ELSE ignored_at END
--   WHERE status <> 'pending'
--     AND accepted_at IS NULL
--     AND revoked_at IS NULL
--     AND ignored_at IS NULL;
--   ALTER TABLE workspace_invitations DROP CONSTRAINT workspace_invitations_token_key;
--   CREATE INDEX idx_workspace_invites_token ON workspace_invitations (token);
--   ALTER TABLE workspace_invitations DROP COLUMN status;
--   ALTER TABLE workspaces
--       DROP COLUMN deleted_at,
--       DROP COLUMN plan,
--       DROP COLUMN owner_id;
--   -- Data loss: owner, plan and deletion time of workspaces (the creator counts as owner again, and workspaces
--   -- deleted softly are back), and statuses that contradict the times of their invitation.
--   -- Audit rows get their own words back from [was: "..."]; those written since keep theirs.
