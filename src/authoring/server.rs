//! A server to prove on, and the databases that are made on it.
//!
//! Nothing that was there before is touched: databases have new names, and a role that was there before is held fast, as
//! a rollback may drop roles that look like those of its own step.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio_postgres::Config;

use super::session::{Session, unforeseen};
use super::throwaway::Throwaway;

/// Who owns the databases on a throw-away server: as in production no superuser, but one who may make the roles that the
/// schema needs.
const OWNER: &str = "migrator";

const ROLES_UNREAD: &str = "the roles of the server cannot be read";

/// A server. To be left in order with [`Server::leave`].
pub(super) struct Server {
    /// Its major version.
    pub(super) major: u32,
    /// Its minor version.
    pub(super) minor: u32,
    /// Its whole version, as it says it: `17.12 (Debian 17.12-0+deb13u1)`.
    pub(super) version: String,
    /// How the owner of the databases connects.
    config: Config,
    /// Makes and drops databases.
    admin: Session,
    /// Unique on the server.
    prefix: String,
    count: Cell<u32>,
    databases: RefCell<BTreeSet<String>>,
    /// The roles that migrations made.
    roles: RefCell<BTreeSet<String>>,
    /// Ours alone, and gone with this value.
    throwaway: Option<Throwaway>,
}

/// A database that was made to be proven in.
pub(super) struct Database {
    name: String,
    /// A session of its owner.
    pub(super) session: Session,
}

impl Database {
    pub(super) async fn close(self) {
        self.session.close().await;
    }
}

impl Server {
    /// A throw-away server, started just now.
    pub(super) async fn of(throwaway: Throwaway) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(throwaway.port)
            .user("postgres");
        let admin = Session::open(&config, "postgres").await?;
        let owner = format!("CREATE ROLE {OWNER} LOGIN CREATEROLE");
        admin
            .batch_execute(&owner)
            .await
            .map_err(unforeseen("the owner of the databases cannot be made"))?;
        config.user(OWNER);
        Self::with(admin, config, Some(throwaway)).await
    }

    /// A server that was there before, whose role may make databases.
    pub(super) async fn at(url: &str) -> anyhow::Result<Self> {
        let config: Config = url
            .parse()
            .context("--database-url is no URL of a database")?;
        let database = config.get_dbname().unwrap_or("postgres").to_owned();
        let admin = Session::open(&config, &database).await?;
        let server = Self::with(admin, config, None).await?;
        if let Err(error) = server.hold_roles().await {
            server.leave().await;
            return Err(error);
        }
        Ok(server)
    }

    async fn with(
        admin: Session,
        config: Config,
        throwaway: Option<Throwaway>,
    ) -> anyhow::Result<Self> {
        let version = "SELECT current_setting('server_version_num')::integer, \
                              current_setting('server_version')";
        let version = admin.query_one(version, &[]).await;
        let version = version.map_err(unforeseen("the version of the server cannot be read"))?;
        let number = u32::try_from(version.get::<_, i32>(0))?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Self {
            major: number / 10_000,
            minor: number % 10_000,
            version: version.get(1),
            config,
            admin,
            prefix: format!("migration_proof_{}_{}", std::process::id(), now.as_nanos()),
            count: Cell::new(0),
            databases: RefCell::default(),
            roles: RefCell::default(),
            throwaway,
        })
    }

    /// Makes an empty database, or a copy of one that nobody is connected to.
    pub(super) async fn database(&self, template: Option<&str>) -> anyhow::Result<Database> {
        let name = self.make(template).await?;
        if template.is_none() {
            self.hand_over_schema(&name).await?;
        }
        Ok(Database {
            session: Session::open(&self.config, &name).await?,
            name,
        })
    }

    /// Makes a copy. The session of the original is another one afterwards: nobody may be connected meanwhile.
    pub(super) async fn copy_of(&self, database: &mut Database) -> anyhow::Result<Database> {
        // Any other database will do while this one is copied.
        let elsewhere = Session::open(&self.config, &self.elsewhere()).await?;
        std::mem::replace(&mut database.session, elsewhere)
            .close()
            .await;
        let copy = self.database(Some(&database.name)).await;
        database.session = Session::open(&self.config, &database.name).await?;
        copy
    }

    /// Gives a database a new session in place of its old one.
    pub(super) async fn renew(&self, database: &mut Database) -> anyhow::Result<()> {
        let new = Session::open(&self.config, &database.name).await?;
        std::mem::replace(&mut database.session, new).close().await;
        Ok(())
    }

    async fn make(&self, template: Option<&str>) -> anyhow::Result<String> {
        let name = self.new_name();
        self.databases.borrow_mut().insert(name.clone());
        let owner = self.config.get_user().filter(|_| self.throwaway.is_some());
        let owner = owner
            .map(|owner| format!(" OWNER {owner}"))
            .unwrap_or_default();
        let template = template.unwrap_or("template0");
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}{owner}");
        self.admin
            .batch_execute(&create)
            .await
            .map_err(unforeseen(format!("database {name} cannot be made")))?;
        Ok(name)
    }

    fn new_name(&self) -> String {
        let count = self.count.get() + 1;
        self.count.set(count);
        format!("{}_{count}", self.prefix)
    }

    /// Before PostgreSQL 15 schema public is the superuser's, and whoever sets up a database for an owner hands it over.
    async fn hand_over_schema(&self, database: &str) -> anyhow::Result<()> {
        if self.throwaway.is_none() || self.major >= 15 {
            return Ok(());
        }
        let mut config = self.config.clone();
        config.user("postgres");
        let session = Session::open(&config, database).await?;
        let hand_over = format!("ALTER SCHEMA public OWNER TO {OWNER}");
        session
            .batch_execute(&hand_over)
            .await
            .map_err(unforeseen("schema public cannot be handed over"))?;
        session.close().await;
        Ok(())
    }

    fn elsewhere(&self) -> String {
        self.config.get_dbname().unwrap_or("postgres").to_owned()
    }

    /// Gives each role that is there something in a database of ours, so that nobody can drop it meanwhile.
    async fn hold_roles(&self) -> anyhow::Result<()> {
        let hold = self.make(None).await?;
        let roles = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";
        let there = self.admin.query(roles, &[]).await;
        for row in there.map_err(unforeseen(ROLES_UNREAD))? {
            let role: &str = row.get(0);
            let grant = format!("GRANT CONNECT ON DATABASE {hold} TO {role}");
            let granted = self.admin.batch_execute(&grant).await;
            granted.map_err(unforeseen(format!("role {role} cannot be held fast")))?;
        }
        Ok(())
    }

    /// The roles that are there after some work, were not before, and are named in the SQL that it sends: those are for us
    /// to drop at the end. Somebody else may make roles at the same time.
    pub(super) async fn watching_roles<T>(
        &self,
        sql: &str,
        work: impl Future<Output = T>,
    ) -> anyhow::Result<T> {
        if self.throwaway.is_some() {
            return Ok(work.await);
        }
        let before = self.roles_there().await?;
        let result = work.await;
        let after = self.roles_there().await?;
        let made = after.difference(&before);
        let made = made.filter(|role| sql.contains(role.trim_matches('"')));
        self.roles.borrow_mut().extend(made.cloned());
        Ok(result)
    }

    async fn roles_there(&self) -> anyhow::Result<BTreeSet<String>> {
        let roles = self
            .admin
            .query("SELECT quote_ident(rolname) FROM pg_roles", &[])
            .await;
        Ok(roles
            .map_err(unforeseen(ROLES_UNREAD))?
            .iter()
            .map(|row| row.get(0))
            .collect())
    }

    /// Drops what was made, also where there was a failure.
    pub(super) async fn leave(self) {
        if self.throwaway.is_some() {
            self.admin.close().await;
            return;
        }
        let databases = self.databases.take().into_iter();
        let databases =
            databases.map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        let roles = self.roles.take().into_iter();
        let roles = roles.map(|role| format!("DROP ROLE IF EXISTS {role}"));
        for drop in databases.chain(roles) {
            if let Err(error) = self.admin.batch_execute(&drop).await {
                eprintln!("warning: {:#}", unforeseen(&drop)(error));
            }
        }
        self.admin.close().await;
    }
}
