-- Teams go, as membership of the workspace alone decides who sees what from now on.
-- Nobody may lose access or history by it: members of teams become members, and the audit keeps all that is dropped.
-- allow: long-table-lock: workspaces and teams are two days old; nobody may write between the copy into the audit and
-- the drop.
CREATE TABLE IF NOT EXISTS team_removal_audit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    team_id uuid,
    resource_type text NOT NULL,
    resource_id uuid,
    metadata jsonb,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

DO $$
BEGIN
    -- The second run finds its work done.
    IF to_regclass('teams') IS NULL THEN
        RETURN;
    END IF;

    -- What is written between the copy and the drop would be lost.
    LOCK TABLE team_invite_links, team_workflow_shares, team_members, teams, workspace_invitations
        IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE workspace_members IN SHARE ROW EXCLUSIVE MODE;

    INSERT INTO team_removal_audit (workspace_id, team_id, resource_type, resource_id, metadata)
    SELECT
        team.workspace_id,
        team.id,
        'workflow_share',
        share.workflow_id,
        jsonb_build_object('added_at', share.added_at)
    FROM team_workflow_shares AS share
    JOIN teams AS team ON team.id = share.team_id
    ORDER BY share.added_at, share.team_id, share.workflow_id;

    INSERT INTO team_removal_audit (workspace_id, team_id, resource_type, resource_id, metadata)
    SELECT
        invitation.workspace_id,
        invitation.team_id,
        'workspace_invitation',
        invitation.id,
        jsonb_build_object('email', invitation.email)
    FROM workspace_invitations AS invitation
    WHERE invitation.team_id IS NOT NULL
    ORDER BY invitation.created_at, invitation.id;

    INSERT INTO team_removal_audit (workspace_id, team_id, resource_type, resource_id, metadata)
    SELECT
        link.workspace_id,
        link.team_id,
        'team_invite_link',
        link.id,
        jsonb_build_object(
            'created_by', link.created_by,
            'token', link.token,
            'allowed_domain', link.allowed_domain,
            'max_uses', link.max_uses,
            'used_count', link.used_count,
            'expires_at', link.expires_at,
            'created_at', link.created_at
        )
    FROM team_invite_links AS link
    ORDER BY link.created_at, link.id;

    -- Before the members are copied below: only now can be told who is a member of the workspace already.
    INSERT INTO team_removal_audit (workspace_id, team_id, resource_type, resource_id, metadata)
    SELECT
        team.workspace_id,
        team.id,
        'team',
        team.id,
        jsonb_build_object(
            'name', team.name,
            'created_at', team.created_at,
            'updated_at', team.updated_at,
            'members', coalesce(
                (
                    SELECT
                        jsonb_agg(
                            jsonb_build_object(
                                'user_id', membership.user_id,
                                'added_at', membership.added_at,
                                'became_workspace_member', NOT EXISTS (
                                    SELECT
                                    FROM workspace_members AS member
                                    WHERE member.workspace_id = team.workspace_id
                                      AND member.user_id = membership.user_id
                                )
                            )
                            ORDER BY membership.added_at, membership.user_id
                        )
                    FROM team_members AS membership
                    WHERE membership.team_id = team.id
                ),
                '[]'
            )
        )
    FROM teams AS team
    ORDER BY team.created_at, team.id;

    -- Whoever was in several teams of a workspace joined it with the first of them.
    INSERT INTO workspace_members (workspace_id, user_id, role, joined_at)
    SELECT team.workspace_id, membership.user_id, 'user', min(membership.added_at)
    FROM team_members AS membership
    JOIN teams AS team ON team.id = membership.team_id
    GROUP BY team.workspace_id, membership.user_id
    ON CONFLICT (workspace_id, user_id) DO NOTHING;
END
$$;

-- allow: drop-column: the column is one day old, and the application that knows teams is replaced together with this
-- step.
-- allow: drop-table: teams are two days old, and the application that knows them is replaced together with this step.
ALTER TABLE workspace_invitations DROP COLUMN IF EXISTS team_id;
DROP TABLE IF EXISTS team_invite_links;
DROP TABLE IF EXISTS team_workflow_shares;
DROP TABLE IF EXISTS team_members;
DROP TABLE IF EXISTS teams;

-- Rollback:
--   CREATE TABLE teams (
--       id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
--       workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
--       name text NOT NULL,
--       created_at timestamptz NOT NULL DEFAULT now(),
--       updated_at timestamptz NOT NULL DEFAULT now()
--   );
--   CREATE TABLE team_members (
--       team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
--       user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
--       added_at timestamptz NOT NULL DEFAULT now(),
--       PRIMARY KEY (team_id, user_id)
--   );
--   CREATE TABLE team_workflow_shares (
--       team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
--       workflow_id uuid NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
--       added_at timestamptz NOT NULL DEFAULT now(),
--       PRIMARY KEY (team_id, workflow_id)
--   );
--   CREATE TABLE team_invite_links (
--       id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
--       workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
--       team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
--       created_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
--       token text NOT NULL UNIQUE,
--       allowed_domain text,
--       max_uses integer,
--       used_count integer NOT NULL DEFAULT 0,
--       expires_at timestamptz,
--       created_at timestamptz NOT NULL DEFAULT now()
--   );
--   CREATE INDEX idx_team_invite_links_team ON team_invite_links (team_id);
--   ALTER TABLE workspace_invitations
--       ADD COLUMN team_id uuid REFERENCES teams (id) ON DELETE SET NULL;
--
--   LOCK TABLE team_removal_audit, workspace_members IN SHARE ROW EXCLUSIVE MODE;
--   INSERT INTO teams (id, workspace_id, name, created_at, updated_at)
--   SELECT
--       audit.resource_id,
--       audit.workspace_id,
--       audit.metadata ->> 'name',
--       (audit.metadata ->> 'created_at')::timestamptz,
--       (audit.metadata ->> 'updated_at')::timestamptz
--   FROM team_removal_audit AS audit
--   JOIN workspaces ON workspaces.id = audit.workspace_id
--   WHERE audit.resource_type = 'team'
--   ORDER BY (audit.metadata ->> 'created_at')::timestamptz, audit.resource_id;
--   INSERT INTO team_members (team_id, user_id, added_at)
--   SELECT team.id, member.user_id, (membership.entry ->> 'added_at')::timestamptz
--   FROM team_removal_audit AS audit
--   JOIN teams AS team ON team.id = audit.resource_id
--   CROSS JOIN jsonb_array_elements(audit.metadata -> 'members') AS membership (entry)
--   JOIN workspace_members AS member
--       ON member.workspace_id = team.workspace_id
--       AND member.user_id = (membership.entry ->> 'user_id')::uuid
--   WHERE audit.resource_type = 'team'
--   ORDER BY (membership.entry ->> 'added_at')::timestamptz, team.id, member.user_id;
--   INSERT INTO team_workflow_shares (team_id, workflow_id, added_at)
--   SELECT team.id, workflow.id, (audit.metadata ->> 'added_at')::timestamptz
--   FROM team_removal_audit AS audit
--   JOIN teams AS team ON team.id = audit.team_id
--   JOIN workflows AS workflow ON workflow.id = audit.resource_id
--   WHERE audit.resource_type = 'workflow_share'
--   ORDER BY (audit.metadata ->> 'added_at')::timestamptz, team.id, workflow.id;
--   INSERT INTO team_invite_links (
--       id, workspace_id, team_id, created_by, token, allowed_domain, max_uses, used_count, expires_at, created_at
--   )
--   SELECT
--       audit.resource_id,
--       workspace.id,
--       team.id,
--       creator.id,
--       audit.metadata ->> 'token',
--       audit.metadata ->> 'allowed_domain',
--       (audit.metadata ->> 'max_uses')::integer,
--       (audit.metadata ->> 'used_count')::integer,
--       (audit.metadata ->> 'expires_at')::timestamptz,
--       (audit.metadata ->> 'created_at')::timestamptz
--   FROM team_removal_audit AS audit
--   JOIN workspaces AS workspace ON workspace.id = audit.workspace_id
--   JOIN teams AS team ON team.id = audit.team_id
--   JOIN users AS creator ON creator.id = (audit.metadata ->> 'created_by')::uuid
--   WHERE audit.resource_type = 'team_invite_link'
--   ORDER BY (audit.metadata ->> 'created_at')::timestamptz, audit.resource_id;
--   UPDATE workspace_invitations AS invitation
--   SET team_id = team.id
--   FROM team_removal_audit AS audit
--   JOIN teams AS team ON team.id = audit.team_id
--   WHERE audit.resource_type = 'workspace_invitation'
--     AND invitation.id = audit.resource_id;
--
--   -- Who was a member through a team only is one again, unless the membership was changed in the meantime.
--   DELETE FROM workspace_members AS member
--   USING (
--       SELECT
--           audit.workspace_id,
--           (membership.entry ->> 'user_id')::uuid AS user_id,
--           min((membership.entry ->> 'added_at')::timestamptz) AS joined_at
--       FROM team_removal_audit AS audit
--       CROSS JOIN jsonb_array_elements(audit.metadata -> 'members') AS membership (entry)
--       WHERE audit.resource_type = 'team'
--         AND (membership.entry ->> 'became_workspace_member')::boolean
--       GROUP BY 1, 2
--   ) AS made
--   WHERE member.workspace_id = made.workspace_id
--     AND member.user_id = made.user_id
--     AND member.joined_at = made.joined_at
--     AND member.role = 'user';
--   DROP TABLE team_removal_audit;
--   -- Data loss: when the removal of each team was recorded, and audit rows that find no place (see below). Forward
--   -- the step drops four tables and a column, of which the audit keeps every value.
--   -- All comes back under its old id but what deleting its workspace, workflow or user would have taken along
--   -- anyway, and team memberships of users who left the workspace, or were removed from it, since.
--   -- Members that the step made out of team members go, as they are in their teams again; those whose role or
--   -- joining time was changed since stay.
