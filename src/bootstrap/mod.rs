//! Makes what a database of Dsentr needs before the first migration, as an administrator: roles, the database, its
//! extension, privileges. Beside `apply` the only module that changes a server, by necessity: `apply` works in a
//! database, and here there is none yet.
//!
//! It looks, plans one step, does it, and looks again, until nothing is absent. So whatever others do meanwhile, and
//! wherever a run was cut off, what counts is what is there. What is there is never altered.

mod act;
mod look;
mod password;
mod plan;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

use self::act::{Outcome, act};
use self::look::{look_at_server, look_into};
pub use self::plan::{Impossible, Item, Left, Obstacle, Place, Plan, State, Step};
use self::plan::{Known, plan};
pub use self::wanted::{LoginRole, Wanted, shown};
use crate::config::{ConfigError, Environment, Settings};
use crate::connect::{Connector, Session, Target};
use crate::error::Error;
use crate::lock::ReadOnly;
use crate::patience::Patience;
use crate::signal::Stop;

/// How often in a row somebody else may be in the way of one step.
const TRIES: u32 = 40;

/// The pause after somebody else was in the way, which is over as soon as the other's transaction is.
const PAUSE: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Debug)]
pub struct Done {
    /// The administrator's connection.
    pub target: Target,
    /// Everything that is wanted, in order.
    pub items: Vec<Item>,
    /// What this run made of it, by the name of the object.
    pub made: Vec<String>,
    /// Files that this run wrote a new password to, by the name of the role.
    pub written: Vec<(String, PathBuf)>,
}

impl Done {
    /// Whether this run made an object.
    pub fn has_made(&self, object: &str) -> bool {
        self.made.iter().any(|made| made == object)
    }

    /// The file that this run wrote a role's password to.
    pub fn written_for(&self, role: &str) -> Option<&PathBuf> {
        let mut written = self.written.iter();
        written.find(|(name, _)| name == role).map(|(_, path)| path)
    }
}

/// A run that did not come to its end.
#[derive(Debug)]
pub struct Halted {
    /// What ended it.
    pub error: Error,
    /// What it had made, which stays.
    pub made: usize,
}

/// The administrator's two connections, and what they are for.
pub struct Bootstrap<'a> {
    wanted: Wanted,
    server: Settings,
    inside: Settings,
    environment: &'a Environment,
    stop: &'a Stop,
}

/// The sessions of one run. The second is there once the database is.
struct Sessions {
    server: Session,
    inside: Option<Session>,
}

impl<'a> Bootstrap<'a> {
    /// What is wanted, as the settings say.
    ///
    /// # Errors
    /// A name is missing, or cannot be what it is to be.
    pub fn new(
        settings: &Settings,
        environment: &'a Environment,
        stop: &'a Stop,
    ) -> Result<Self, ConfigError> {
        let wanted = Wanted::new(settings)?;
        Ok(Self {
            server: settings.of_administrator(&settings.bootstrap.database),
            inside: settings.of_administrator(&wanted.database),
            wanted,
            environment,
            stop,
        })
    }

    /// What is wanted.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Looks, and says what would be made. Nothing is changed.
    ///
    /// # Errors
    /// The server is not reached, or something stands in the way.
    pub async fn plan(&self) -> Result<(Target, Plan), Error> {
        let mut patience = self.connector().patience();
        loop {
            let mut sessions = self.connect(&mut patience).await?;
            let looked = self.look(&mut sessions).await;
            let target = sessions.server.target.clone();
            sessions.close().await;
            match looked {
                Err(Error::Lost(lost)) if patience.next_try().await? => {
                    tracing::debug!(reason = lost.reason, "the connection was lost");
                }
                looked => return Ok((target, looked?)),
            }
        }
    }

    /// Makes what is absent.
    ///
    /// # Errors
    /// As [`Bootstrap::plan`]; a step is refused; a password cannot be written. The error says what was made before.
    pub async fn run(&self, done: &mut Option<Done>) -> Result<(), Error> {
        let mut patience = self.connector().patience();
        let result = self.run_through(&mut patience, done).await;
        let made = done.as_ref().map_or(0, |done| done.made.len());
        result.map_err(|error| match made {
            0 => error,
            made => Error::Bootstrap(Box::new(Halted { error, made })),
        })
    }

    /// Through as many connections as it takes.
    async fn run_through(
        &self,
        patience: &mut Patience<'_>,
        done: &mut Option<Done>,
    ) -> Result<(), Error> {
        loop {
            let mut sessions = self.connect(patience).await?;
            let done = done.get_or_insert_with(|| Done {
                target: sessions.server.target.clone(),
                items: Vec::new(),
                made: Vec::new(),
                written: Vec::new(),
            });
            let result = self.make(&mut sessions, done).await;
            sessions.close().await;
            match result {
                Err(Error::Lost(lost)) if patience.next_try().await? => {
                    tracing::warn!("the connection was lost: {}", lost.reason);
                }
                result => return result,
            }
        }
    }

    /// One step after the other, each after a look.
    async fn make(&self, sessions: &mut Sessions, done: &mut Done) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            let plan = self.look(sessions).await?;
            let first = plan.steps().next();
            let step = first.map(|(object, step)| (object.to_owned(), step.clone()));
            let Some((object, step)) = step else {
                done.items = plan.items;
                return Ok(());
            };
            if done.has_made(&object) {
                return Err(anyhow::anyhow!(
                    "{object} was made, and is absent again: somebody takes away what this run makes"
                )
                .into());
            }
            if let Some(read_only) = plan.read_only {
                return Err(read_only.into());
            }
            // Before the first statement: where they cannot be kept, nothing is made.
            self.prepare_passwords(&plan, done)?;
            done.items = plan.items;
            let act = act(sessions.of(&step), &object, &step, &self.wanted, self.stop);
            match act.await? {
                Outcome::Made => {
                    tracing::info!("made {object}");
                    done.made.push(object);
                    tries = 0;
                }
                Outcome::InTheWay(reason) => {
                    tracing::debug!(reason = reason.to_string(), "somebody is in the way");
                    tries += 1;
                    if tries >= TRIES {
                        return Err(anyhow::Error::new(reason)
                            .context(format!("{object} cannot be made"))
                            .into());
                    }
                    self.stop.pause(PAUSE).await?;
                }
            }
        }
    }

    /// The server, and the database where it is there and lets the administrator in.
    async fn look(&self, sessions: &mut Sessions) -> Result<Plan, Error> {
        let stop = self.stop;
        let server = look_at_server(&sessions.server, &self.wanted, stop).await?;
        if server.lets_in() && sessions.inside.is_none() {
            let connector = Connector::new(&self.inside, self.environment, stop);
            sessions.inside = Some(connector.connect().await.map_err(for_administrator)?);
        }
        let known = match &sessions.inside {
            Some(session) => Known::Seen(look_into(session, &self.wanted, stop).await?),
            None if server.database.is_none() => Known::New,
            None => Known::Unseen,
        };
        Ok(plan(&self.wanted, &server, &known)?)
    }

    fn prepare_passwords(&self, plan: &Plan, done: &mut Done) -> Result<(), Error> {
        let absent = |role: &&LoginRole| plan.steps().any(|(object, _)| object == role.object());
        for role in self.wanted.login_roles().filter(absent) {
            let written = match &role.password {
                Some(password) => password::prepare(password)?,
                None => None,
            };
            done.written
                .extend(written.map(|path| (role.name.clone(), path)));
        }
        Ok(())
    }

    fn connector(&self) -> Connector<'_> {
        Connector::new(&self.server, self.environment, self.stop)
    }

    async fn connect(&self, patience: &mut Patience<'_>) -> Result<Sessions, Error> {
        let connected = self.connector().connect_with(patience).await;
        Ok(Sessions {
            server: connected.map_err(for_administrator)?,
            inside: None,
        })
    }
}

impl Sessions {
    fn of(&self, step: &Step) -> &Session {
        match (step.place, &self.inside) {
            (Place::Inside, Some(session)) => session,
            // A step inside is planned first only where the database was looked into.
            _ => &self.server,
        }
    }

    async fn close(self) {
        let Self { server, inside } = self;
        server.close().await;
        if let Some(inside) = inside {
            inside.close().await;
        }
    }
}

/// The advice for the owner's connection is no use to the administrator.
fn for_administrator(error: Error) -> Error {
    let Error::Config(error) = error else {
        return error;
    };
    let help = if error.message.contains("3D000") {
        "check bootstrap.database: the administrator connects to it, and it is not made"
    } else if error.message.contains("for a password") {
        "give the administrator's with DSENTR_MIGRATE_BOOTSTRAP_PASSWORD_FILE or DSENTR_MIGRATE_BOOTSTRAP_URL, or in ~/.pgpass"
    } else {
        return error.into();
    };
    error.with_help(help).into()
}

/// Why nothing can be made here now, by what a look found.
fn read_only(standby: bool, read_only: bool) -> Option<ReadOnly> {
    match (standby, read_only) {
        (true, _) => Some(ReadOnly::Standby),
        (false, true) => Some(ReadOnly::Setting),
        (false, false) => None,
    }
}
