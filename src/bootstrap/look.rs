//! What is there: one question to the server, one to the database. Nothing is changed, and no name of somebody else's
//! in `search_path` is used.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_postgres::SimpleQueryMessage;

use super::Wanted;
use super::wanted::GROUPS;
use crate::connect::{Session, broken};
use crate::error::Error;
use crate::schema::literal;
use crate::signal::Stop;

/// What a server has of what is wanted.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Server {
    pub(super) admin: Admin,
    pub(super) major: u32,
    pub(super) is_standby: bool,
    pub(super) is_read_only: bool,
    /// Whether the server has the extension, and whether a database's owner may install it.
    pub(super) extension_is_trusted: Option<bool>,
    pub(super) roles: BTreeMap<String, Role>,
    /// Who is a member of which group, directly or not.
    pub(super) members: Vec<Membership>,
    pub(super) database: Option<Database>,
}

/// Who looks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Admin {
    pub(super) name: String,
    pub(super) is_superuser: bool,
    pub(super) creates_roles: bool,
    pub(super) creates_databases: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own"
)]
pub(super) struct Role {
    pub(super) logs_in: bool,
    pub(super) inherits: bool,
    /// Whether the administrator may make somebody a member of it.
    pub(super) is_grantable: bool,
    /// Whether the administrator may act as this role.
    pub(super) is_taken_on: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Membership {
    pub(super) member: String,
    pub(super) group: String,
    /// Whether the member has the group's privileges without asking for them.
    pub(super) is_inherited: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Database {
    pub(super) owner: String,
    /// Whether the role that is to own it does, or may do all that the owner may.
    pub(super) is_owned: bool,
    pub(super) encoding: String,
    pub(super) collation: String,
    pub(super) character_type: String,
    pub(super) takes_connections: bool,
    /// Whether it lets the administrator in.
    pub(super) lets_in: bool,
}

/// What a database has of what is wanted.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Inside {
    pub(super) has_extension: bool,
    pub(super) schema: Option<Schema>,
}

/// Schema public, as the owner of the database sees it.
#[derive(Debug, Clone, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own"
)]
pub(super) struct Schema {
    pub(super) owner: String,
    /// Whether it still belongs to the superuser who made the cluster.
    pub(super) is_untouched: bool,
    pub(super) is_owned: bool,
    pub(super) is_usable: bool,
    /// Whether the administrator may grant privileges on it.
    pub(super) is_grantable: bool,
}

impl Server {
    /// Whether the database is there and lets the administrator in.
    pub(super) fn lets_in(&self) -> bool {
        let database = self.database.as_ref();
        database.is_some_and(|database| database.takes_connections && database.lets_in)
    }
}

pub(super) async fn look_at_server(
    session: &Session,
    wanted: &Wanted,
    stop: &Stop,
) -> Result<Server, Error> {
    // From PostgreSQL 16 on a membership may be without the right to act as the role, and CREATEROLE alone grants none.
    let (take_on, grant) = if session.major() >= 16 {
        ("SET", "false")
    } else {
        ("MEMBER", "admin.rolcreaterole AND NOT rolsuper")
    };
    let names = wanted.login_roles().map(|role| role.name.as_str());
    let names = names.chain(GROUPS.iter().map(|group| group.name));
    let names: Vec<String> = names.map(literal).collect();
    let pairs = wanted.members.iter();
    let pairs: Vec<String> = pairs
        .map(|member| {
            format!(
                "({}, {})",
                literal(&member.role.name),
                literal(member.group)
            )
        })
        .collect();
    let pairs = if pairs.is_empty() {
        "false".to_owned()
    } else {
        format!("(member.rolname, role.rolname) IN ({})", pairs.join(", "))
    };
    let question = format!(
        "SELECT json_build_object(
            'admin', json_build_object('name', admin.rolname, 'is_superuser', admin.rolsuper,
                'creates_roles', admin.rolsuper OR admin.rolcreaterole,
                'creates_databases', admin.rolsuper OR admin.rolcreatedb),
            'major', current_setting('server_version_num')::integer / 10000,
            'is_standby', pg_is_in_recovery(),
            'is_read_only', current_setting('default_transaction_read_only')::boolean,
            'extension_is_trusted', (SELECT bool_or(trusted) FROM pg_available_extension_versions WHERE name = 'pgcrypto'),
            'roles', (SELECT coalesce(json_object_agg(rolname, json_build_object(
                    'logs_in', rolcanlogin, 'inherits', rolinherit,
                    'is_grantable', admin.rolsuper OR {grant} OR pg_has_role(admin.oid, oid, 'MEMBER WITH ADMIN OPTION'),
                    'is_taken_on', pg_has_role(admin.oid, oid, '{take_on}'))), '{{}}')
                FROM pg_roles WHERE rolname IN ({names})),
            'members', (SELECT coalesce(json_agg(json_build_object('member', member.rolname, 'group', role.rolname,
                    'is_inherited', pg_has_role(member.oid, role.oid, 'USAGE'))), '[]')
                FROM pg_roles AS member, pg_roles AS role
                WHERE {pairs} AND pg_has_role(member.oid, role.oid, 'MEMBER')),
            'database', (SELECT json_build_object('owner', pg_get_userbyid(datdba),
                    'is_owned', EXISTS (SELECT FROM pg_roles WHERE rolname = {owner} AND pg_has_role(oid, datdba, 'USAGE')),
                    'encoding', pg_encoding_to_char(encoding), 'collation', datcollate, 'character_type', datctype,
                    'takes_connections', datallowconn, 'lets_in', has_database_privilege(admin.oid, pg_database.oid, 'CONNECT'))
                FROM pg_database WHERE datname = {database}))
        FROM pg_roles AS admin WHERE rolname = current_user",
        names = names.join(", "),
        owner = literal(&wanted.owner.name),
        database = literal(&wanted.database),
    );
    ask(session, "the server cannot be looked at", &question, stop).await
}

pub(super) async fn look_into(
    session: &Session,
    wanted: &Wanted,
    stop: &Stop,
) -> Result<Inside, Error> {
    let question = format!(
        "SELECT json_build_object(
            'has_extension', EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto'),
            'schema', (SELECT json_build_object('owner', pg_get_userbyid(nspowner), 'is_untouched', nspowner = 10,
                    'is_owned', coalesce(pg_has_role(role.oid, nspowner, 'USAGE'), false),
                    'is_usable', coalesce(has_schema_privilege(role.oid, pg_namespace.oid, 'USAGE')
                        AND has_schema_privilege(role.oid, pg_namespace.oid, 'CREATE'), false),
                    'is_grantable', pg_has_role(nspowner, 'USAGE'))
                FROM pg_namespace LEFT JOIN pg_roles AS role ON role.rolname = {owner}
                WHERE nspname = 'public'))",
        owner = literal(&wanted.owner.name),
    );
    ask(session, "the database cannot be looked at", &question, stop).await
}

/// The one answer, in JSON. Read-only, and with no function but PostgreSQL's own.
async fn ask<T: DeserializeOwned>(
    session: &Session,
    purpose: &str,
    question: &str,
    stop: &Stop,
) -> Result<T, Error> {
    let sql = format!(
        "BEGIN TRANSACTION READ ONLY; {}SET LOCAL search_path TO pg_catalog, pg_temp; {question}; COMMIT",
        session.without_timeouts_if_ours()
    );
    let answer = match stop.unless_stopped(session.client.simple_query(&sql)).await {
        Ok(answer) => answer.map_err(|error| broken(purpose, &error))?,
        Err(stopped) => {
            session.cancel().await;
            return Err(stopped.into());
        }
    };
    let json = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let json = json.ok_or_else(|| anyhow::anyhow!("{purpose}: there was no answer"))?;
    serde_json::from_str(json)
        .map_err(|error| anyhow::Error::new(error).context(purpose.to_owned()).into())
}
