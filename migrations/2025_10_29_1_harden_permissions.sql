-- Least privilege: the application and its readers get what they need by role, and PUBLIC gets nothing.
-- Roles belong to the cluster, objects to their owner: neither a superuser nor ALTER OWNER is needed.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT name, inheritance
        FROM (
            VALUES ('dsentr_app', 'NOINHERIT'), ('dsentr_owner', 'INHERIT'), ('dsentr_readonly', 'NOINHERIT')
        ) AS roles (name, inheritance)
        ORDER BY name
    LOOP
        IF to_regrole(wanted.name) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN %s', wanted.name, wanted.inheritance);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    -- Another database of the cluster made it in this moment.
                    NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'role "%" does not exist, and role "%" may not create it', wanted.name, current_user
                        USING ERRCODE = 'insufficient_privilege',
                            HINT = 'Have a role that may create roles run what is missing of: '
                                'CREATE ROLE dsentr_app NOLOGIN NOINHERIT; '
                                'CREATE ROLE dsentr_owner NOLOGIN INHERIT; '
                                'CREATE ROLE dsentr_readonly NOLOGIN NOINHERIT;';
            END;
        END IF;

        -- A role that was there may serve others too: it is used as it is.
        IF EXISTS (
            SELECT
            FROM pg_roles
            WHERE rolname = wanted.name
              AND (
                  rolinherit <> (wanted.inheritance = 'INHERIT')
                  OR rolcanlogin OR rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
              )
        ) THEN
            RAISE NOTICE 'role "%" was there with other attributes and is left as it is', wanted.name
                USING HINT = format('Intended are NOLOGIN %s and nothing more.', wanted.inheritance);
        END IF;
    END LOOP;
END
$$;

DO $$
BEGIN
    IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO dsentr_app, dsentr_readonly', current_database());
    ELSE
        RAISE WARNING 'privileges on database "%" are left as they are: role "%" does not own it',
            current_database(), current_user
            USING HINT = format(
                'Have its owner run: REVOKE ALL ON DATABASE %1$I FROM PUBLIC; '
                'GRANT CONNECT ON DATABASE %1$I TO %2$I, dsentr_app, dsentr_readonly;',
                current_database(), current_user
            );
    END IF;

    -- Before PostgreSQL 15 the schema belongs to the superuser who made the cluster, not to the database's owner.
    IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT ALL ON SCHEMA public TO dsentr_owner;
        GRANT USAGE ON SCHEMA public TO dsentr_app, dsentr_readonly;
    ELSE
        RAISE WARNING 'privileges on schema public are left as they are: role "%" does not own it', current_user
            USING HINT = format(
                'Have a superuser run: GRANT ALL ON SCHEMA public TO %I, dsentr_owner; '
                'GRANT USAGE ON SCHEMA public TO dsentr_app, dsentr_readonly; '
                'REVOKE ALL ON SCHEMA public FROM PUBLIC;',
                current_user
            );
    END IF;
END
$$;

GRANT ALL ON ALL TABLES IN SCHEMA public TO dsentr_owner;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO dsentr_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dsentr_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO dsentr_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO dsentr_readonly;

-- The same for what later migrations make.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO dsentr_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO dsentr_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dsentr_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO dsentr_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO dsentr_readonly;

-- Rollback:
--   DO $$
--   DECLARE
--       migrator name;
--   BEGIN
--       -- Default privileges belong to the role that ran the step, which need not be the one that takes it back.
--       FOR migrator IN
--           SELECT DISTINCT pg_get_userbyid(entry.defaclrole)
--           FROM pg_default_acl AS entry
--           CROSS JOIN aclexplode(entry.defaclacl) AS acl
--           WHERE entry.defaclnamespace = 'public'::regnamespace
--             AND acl.grantee IN (
--                 'dsentr_owner'::regrole::oid, 'dsentr_app'::regrole::oid, 'dsentr_readonly'::regrole::oid
--             )
--             AND pg_has_role(entry.defaclrole, 'USAGE')
--       LOOP
--           EXECUTE format(
--               'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public '
--               'REVOKE ALL ON TABLES FROM dsentr_owner, dsentr_app, dsentr_readonly',
--               migrator
--           );
--           EXECUTE format(
--               'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public '
--               'REVOKE ALL ON SEQUENCES FROM dsentr_owner, dsentr_app, dsentr_readonly',
--               migrator
--           );
--       END LOOP;
--   END
--   $$;
--   REVOKE ALL ON ALL TABLES IN SCHEMA public FROM dsentr_owner, dsentr_app, dsentr_readonly;
--   REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM dsentr_owner, dsentr_app, dsentr_readonly;
--   DO $$
--   BEGIN
--       IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
--           EXECUTE format('REVOKE ALL ON DATABASE %I FROM dsentr_app, dsentr_readonly', current_database());
--           EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
--       ELSE
--           RAISE WARNING 'privileges on database "%" are left as they are: role "%" does not own it',
--               current_database(), current_user
--               USING HINT = format(
--                   'Have its owner run: REVOKE ALL ON DATABASE %1$I FROM dsentr_app, dsentr_readonly; '
--                   'GRANT CONNECT, TEMPORARY ON DATABASE %1$I TO PUBLIC;',
--                   current_database()
--               );
--       END IF;
--       IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
--           REVOKE ALL ON SCHEMA public FROM dsentr_owner, dsentr_app, dsentr_readonly;
--           GRANT USAGE ON SCHEMA public TO PUBLIC;
--           IF current_setting('server_version_num')::integer < 150000 THEN
--               GRANT CREATE ON SCHEMA public TO PUBLIC;
--           END IF;
--       ELSE
--           RAISE WARNING 'privileges on schema public are left as they are: role "%" does not own it', current_user
--               USING HINT = format(
--                   'If they were changed as the step advised, have a superuser run: '
--                   'GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC; '
--                   'REVOKE ALL ON SCHEMA public FROM %I, dsentr_owner, dsentr_app, dsentr_readonly;',
--                   current_user
--               );
--       END IF;
--   END
--   $$;
--   DO $$
--   DECLARE
--       made record;
--   BEGIN
--       FOR made IN
--           SELECT role.oid, role.rolname, role.rolinherit = roles.inherits AND NOT (
--               role.rolcanlogin OR role.rolsuper OR role.rolcreatedb OR role.rolcreaterole
--               OR role.rolreplication OR role.rolbypassrls
--           ) AS unchanged
--           FROM (
--               VALUES ('dsentr_app', false), ('dsentr_owner', true), ('dsentr_readonly', false)
--           ) AS roles (name, inherits)
--           JOIN pg_roles AS role ON role.rolname = roles.name
--           ORDER BY role.rolname
--       LOOP
--           IF NOT made.unchanged
--               OR EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = made.oid)
--           THEN
--               RAISE NOTICE 'role "%" stays: it has attributes or settings that the step does not give', made.rolname;
--               CONTINUE;
--           END IF;
--           -- From PostgreSQL 16 on a role's creator administers it by such a membership, which goes with the role.
--           IF EXISTS (
--               SELECT
--               FROM pg_auth_members AS membership
--               WHERE made.oid IN (membership.roleid, membership.member)
--                 AND NOT to_jsonb(membership)
--                     @> '{"admin_option": true, "inherit_option": false, "set_option": false}'
--           ) THEN
--               RAISE NOTICE 'role "%" stays: it has members, or is a member of another role', made.rolname;
--               CONTINUE;
--           END IF;
--           BEGIN
--               EXECUTE format('DROP ROLE %I', made.rolname);
--           EXCEPTION
--               WHEN dependent_objects_still_exist THEN
--                   RAISE NOTICE 'role "%" stays: objects of this cluster depend on it', made.rolname;
--               WHEN insufficient_privilege THEN
--                   RAISE NOTICE 'role "%" stays: role "%" may not drop it', made.rolname, current_user;
--           END;
--       END LOOP;
--   END
--   $$;
--   -- PUBLIC gets what a new database of this server version gives it, whatever it had before.
--   -- A role goes only where it is as the step makes it, has no members, and nothing in any database of the cluster
--   -- depends on it. One that was there before, but is just like that, cannot be told from the step's own: it goes too.
