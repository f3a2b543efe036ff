//! Throw-away servers, a fresh database for each test, and sessions that show rows as text.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::authority::{Authority, Pair};
use super::script::Script;

/// How a NULL is written among a row's columns.
pub(crate) const NULL: &str = "∅";

/// The servers of several majors, as `.ci/matrix` sets them: `13=/folder/of/its/bin:18=/another`.
const MATRIX: &str = "DSENTR_TEST_PG_MATRIX";

/// A PostgreSQL server of `.ci/postgres`. It ends with this value, and with the process, however that ends.
pub(crate) struct Server {
    script: Mutex<Script>,
    /// What the script was told about executables and options.
    arguments: Vec<OsString>,
    socket_dir: PathBuf,
    port: u16,
    names: AtomicU32,
}

impl Server {
    /// The server that all tests of this process share: the newest of the system's packages,
    /// or the one in the folder that `DSENTR_TEST_PG_BIN` names.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::of_its_own)
    }

    /// A server as [`Server::shared`], but for the caller alone: for what reaches beyond one database.
    pub(crate) fn of_its_own() -> Self {
        Self::with_arguments(
            std::env::var_os("DSENTR_TEST_PG_BIN")
                .as_deref()
                .map(Path::new),
            &[],
        )
    }

    /// A server from the executables in a folder.
    pub(crate) fn start(bin_dir: &Path) -> Self {
        Self::with_arguments(Some(bin_dir), &[])
    }

    /// The servers that `.ci/matrix` names, each with its major. Their exact versions are printed.
    pub(crate) fn of_the_matrix() -> Vec<(String, Self)> {
        let servers =
            std::env::var(MATRIX).unwrap_or_else(|_| panic!("{MATRIX} is not set; run .ci/matrix"));
        let start = |server: &str| {
            let (major, bin) = server
                .split_once('=')
                .expect("each server is written as MAJOR=FOLDER");
            let server = Self::start(Path::new(bin));
            println!("PostgreSQL {}", server.version());
            (major.to_owned(), server)
        };
        servers.split(':').map(start).collect()
    }

    /// Its whole version, as it says it.
    fn version(&self) -> String {
        let url = self.url_of("postgres", "postgres");
        aside(async {
            let session = Session::open(&url).await;
            session
                .value("SELECT current_setting('server_version')")
                .await
        })
    }

    /// A server from the executables in a folder, with further arguments for `postgres` (`-c name=value`).
    /// Arguments need a folder, since they follow it.
    pub(crate) fn with_arguments(bin_dir: Option<&Path>, arguments: &[&str]) -> Self {
        let bin_dir = bin_dir.map(OsString::from);
        let arguments = arguments.iter().map(OsString::from);
        Self::of_script(&[], bin_dir.into_iter().chain(arguments).collect())
    }

    /// A hot standby that follows this server, with the same arguments. It is a server like any other, except that
    /// its databases come from this one: `database.url_through(standby.port())`.
    pub(crate) fn standby(&self) -> Self {
        let port = self.port.to_string();
        Self::of_script(
            &["--standby-of".into(), port.into()],
            self.arguments.clone(),
        )
    }

    fn of_script(options: &[OsString], arguments: Vec<OsString>) -> Self {
        let mut script = Script::start(".ci/postgres", options.iter().chain(&arguments));
        let line = script.line();
        let [socket_dir, port, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!(".ci/postgres printed: {line}");
        };
        Self {
            script: Mutex::new(script),
            arguments,
            socket_dir: socket_dir.into(),
            port: port.parse().expect(".ci/postgres prints a port"),
            names: AtomicU32::new(1),
        }
    }

    /// Ends the server as a crash would: every session is lost, nothing is finished, and nobody listens on its port.
    pub(crate) fn crash(&self) {
        self.ask("stop");
    }

    /// Starts the server after a [`Server::crash`], on the same port and with the same data. It recovers first, and
    /// is ready when this returns.
    pub(crate) fn start_again(&self) {
        self.ask("start");
    }

    /// A [`Server::crash`] that is over at once.
    pub(crate) fn crash_and_restart(&self) {
        self.crash();
        self.start_again();
    }

    /// Ends the server as an administrator does who does not wait for its clients: they are told, and it is left in order.
    pub(crate) fn shut_down(&self) {
        self.ask("shutdown");
    }

    fn ask(&self, word: &str) {
        let script = self.script.lock();
        script.expect("what was asked before was done").ask(word);
    }

    /// Waits until this standby has all that its primary has by now.
    pub(crate) fn catch_up_with(&self, primary: &Self) {
        let [ours, theirs] = [self, primary].map(|server| server.url_of("postgres", "postgres"));
        aside(async {
            // The switch to another file also sends what commits have not waited for.
            let end = Session::open(&theirs)
                .await
                .value("SELECT pg_switch_wal()")
                .await;
            let session = Session::open(&ours).await;
            let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{end}'");
            let start = Instant::now();
            while session.value(&reached).await != "t" {
                assert!(
                    start.elapsed() < Duration::from_secs(30),
                    "the standby does not get to {end}"
                );
            }
        });
    }

    /// A fresh, empty database that the superuser owns.
    pub(crate) fn database(&self) -> Database<'_> {
        self.create("template0", None)
    }

    /// A copy of a database to which nobody is connected.
    pub(crate) fn copy_of(&self, template: &Database<'_>) -> Database<'_> {
        self.create(&template.name, None)
    }

    /// A fresh database that a role of its own owns, who is no superuser.
    pub(crate) fn owned_database(&self, role: Role) -> Database<'_> {
        let user = self.unique("owner");
        let may = match role {
            Role::Owner => "",
            Role::OwnerWithCreateRole => " CREATEROLE",
        };
        self.administer(&[&format!("CREATE ROLE {user} LOGIN{may}")]);
        let database = self.create("template0", Some(user));
        // Before PostgreSQL 15 schema public is the superuser's, and a bootstrap has to hand it over.
        aside(async {
            let session = Session::open(&database.url_as("postgres")).await;
            session
                .batch(&format!("ALTER SCHEMA public OWNER TO {}", database.user()))
                .await;
        });
        database
    }

    /// The folder of the server's Unix socket.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The port on 127.0.0.1, which also names the socket.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements, each by itself, as superuser in the database `postgres`.
    pub(crate) fn administer(&self, statements: &[&str]) {
        let url = self.url_of("postgres", "postgres");
        aside(async move {
            let session = Session::open(&url).await;
            for statement in statements {
                session.batch(statement).await;
            }
        });
    }

    /// Has the server write into its data folder what only its own user may read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.administer(&[&format!(
            "COPY (SELECT line FROM unnest(string_to_array('{}', E'\\n')) WITH ORDINALITY AS t (line, n) ORDER BY n) \
             TO PROGRAM 'umask 077; cat >{name}'",
            text.replace('\'', "''")
        )]);
    }

    /// Has the server show a certificate, with those of the authorities between, from its next start on.
    pub(crate) fn show(&self, pair: &Pair, between: &[&Authority]) {
        let mut chain = pair.certificate.clone();
        chain.extend(between.iter().map(|authority| authority.pem.as_str()));
        self.write("server.crt", &chain);
        self.write("server.key", &pair.key);
        self.administer(&["ALTER SYSTEM SET ssl = 'on'"]);
    }

    fn create(&self, template: &str, user: Option<String>) -> Database<'_> {
        let name = self.unique("test");
        let owner = user.as_deref().unwrap_or("postgres");
        let url = self.url_of("postgres", "postgres");
        aside(async {
            let session = Session::open(&url).await;
            // A session that was closed just now may not have left yet.
            until_deserted(&session, template, "pid").await;
            let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}");
            session.batch(&create).await;
        });
        Database {
            server: self,
            name,
            user,
        }
    }

    fn unique(&self, word: &str) -> String {
        format!("{word}_{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

/// Who owns the database of [`Server::owned_database`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// A role that may do nothing but own it.
    Owner,
    /// A role that may also make roles, as the first user of a managed PostgreSQL may.
    OwnerWithCreateRole,
}

/// A database that goes when this value goes.
pub(crate) struct Database<'s> {
    server: &'s Server,
    name: String,
    user: Option<String>,
}

impl Database<'_> {
    /// Its name, unique on its server.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whom [`Database::url`] connects as: its owner.
    pub(crate) fn user(&self) -> &str {
        self.user.as_deref().unwrap_or("postgres")
    }

    /// The server it is on.
    pub(crate) fn server(&self) -> &Server {
        self.server
    }

    /// How its owner connects over TCP.
    pub(crate) fn url(&self) -> String {
        self.url_as(self.user())
    }

    /// How somebody connects over TCP.
    pub(crate) fn url_as(&self, user: &str) -> String {
        self.server.url_of(user, &self.name)
    }

    /// How its owner connects over TCP through something that listens on another port.
    pub(crate) fn url_through(&self, port: u16) -> String {
        format!("postgres://{}@127.0.0.1:{port}/{}", self.user(), self.name)
    }

    /// A session of its owner.
    pub(crate) async fn session(&self) -> Session {
        Session::open(&self.url()).await
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let mut statements = vec![format!("DROP DATABASE {} WITH (FORCE)", self.name)];
        // What the role made beyond its database would have to be given up first.
        statements.extend(
            self.user
                .iter()
                .flat_map(|user| [format!("DROP OWNED BY {user}"), format!("DROP ROLE {user}")]),
        );
        let url = self.server.url_of("postgres", "postgres");
        // In the unwinding of a failed test a second panic would hide the first.
        aside(async move {
            let session = match Session::try_open(&url).await {
                Ok(session) => session,
                Err(reason) => return eprintln!("{} is left: {reason}", self.name),
            };
            until_deserted(&session, &self.name, "pg_terminate_backend(pid)").await;
            for statement in &statements {
                if let Err(error) = session.batch_execute(statement).await {
                    eprintln!("{statement}: {}", describe(&error));
                }
            }
        });
    }
}

/// One connection. It ends with this value.
pub(crate) struct Session {
    client: tokio_postgres::Client,
    connection: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Session {
    /// Connects, or panics with the reason.
    pub(crate) async fn open(url: &str) -> Self {
        match Self::try_open(url).await {
            Ok(session) => session,
            Err(reason) => panic!("{url}: {reason}"),
        }
    }

    /// Connects, where a name does not go into a URL as it is; or panics with the reason.
    pub(crate) async fn of(config: &tokio_postgres::Config) -> Self {
        match config.connect(NoTls).await {
            Ok((client, connection)) => Self {
                client,
                connection: tokio::spawn(connection),
            },
            Err(error) => panic!("{config:?}: {}", describe(&error)),
        }
    }

    /// Connects; what speaks against it is the error.
    pub(crate) async fn try_open(url: &str) -> Result<Self, String> {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let (client, connection) = connected.map_err(|error| describe(&error))?;
        Ok(Self {
            client,
            connection: tokio::spawn(connection),
        })
    }

    /// Runs statements in one message, or panics with the server's words.
    pub(crate) async fn batch(&self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql).await {
            panic!("{}\nin: {sql}", describe(&error));
        }
    }

    /// Runs statements in one message; what the server says against it is the error.
    pub(crate) async fn try_batch(&self, sql: &str) -> Result<(), String> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|error| describe(&error))
    }

    /// The rows of all statements in a message, each with its columns joined by `|`.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        match self.client.simple_query(sql).await {
            Ok(messages) => messages.iter().filter_map(text_of).collect(),
            Err(error) => panic!("{}\nin: {sql}", describe(&error)),
        }
    }

    /// The major version of the server.
    pub(crate) async fn major(&self) -> u32 {
        let major = "SELECT current_setting('server_version_num')::integer / 10000";
        let major = self.value(major).await;
        major.parse().expect("it is a number")
    }

    /// The one row that a query gives.
    pub(crate) async fn value(&self, sql: &str) -> String {
        let mut rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "one row was expected from: {sql}");
        rows.remove(0)
    }

    /// Asks until the answer is the one that is waited for; a test whose answer never comes fails.
    pub(crate) async fn until(&self, question: &str, answer: &str) {
        let start = Instant::now();
        loop {
            let now = self.value(question).await;
            if now == answer {
                return;
            }
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "{answer} was waited for, and it is {now}: {question}"
            );
            // Whoever is looked at has to get on.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Says good-bye and waits until the words are sent.
    pub(crate) async fn close(self) {
        drop(self.client);
        // A connection that the server closed is closed all the same.
        let _ = self.connection.await;
    }
}

impl std::ops::Deref for Session {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

/// An error as psql shows it: the primary message, then a line each for DETAIL, HINT and the context.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    let Some(error) = error.as_db_error() else {
        return error.to_string();
    };
    let mut text = error.message().to_owned();
    for (label, part) in [("DETAIL", error.detail()), ("HINT", error.hint())] {
        if let Some(part) = part {
            write!(text, "\n{label}: {part}").expect("a String takes everything");
        }
    }
    text
}

/// Waits, for some seconds at the most, until nobody is connected to a database, and does something to those who are.
/// PostgreSQL itself would look again only after a tenth of a second, and each test would take as long.
async fn until_deserted(session: &Session, database: &str, action: &str) {
    let connected =
        format!("SELECT count({action}) FROM pg_stat_activity WHERE datname = '{database}'");
    let start = Instant::now();
    while session.value(&connected).await != "0" && start.elapsed() < Duration::from_secs(5) {}
}

fn text_of(message: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else {
        return None;
    };
    let columns: Vec<_> = (0..row.len())
        .map(|column| row.get(column).unwrap_or(NULL))
        .collect();
    Some(columns.join("|"))
}

/// Runs something asynchronous to its end, also for a caller that stands inside a runtime and cannot wait there.
pub(crate) fn aside<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be built")
            .block_on(work)
    };
    let outcome = std::thread::scope(|scope| scope.spawn(run).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
