//! The messages of a step, and what comes back: which of its statements the server is at, and which one an error is about.

use futures_util::TryStreamExt;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow, SimpleQueryStream};

use super::At;
use super::attend::Running;
use super::step::Step;
use super::transaction::{Broken, PROCESS};
use crate::connect::Session;

/// How a step becomes messages. An error tells in any case which statement it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// One message a statement: the server says of each when it is done, as soon as it is.
    Apart,
    /// One message in all: each costs the server as much as a small statement. After an error the transaction stays open, and
    /// refuses what comes behind it.
    Together,
}

/// The messages of a step, which are on their way, and whose answers are not read yet.
pub(super) struct Sent {
    messages: Vec<SentMessage>,
    pub(super) packing: Packing,
    /// What is sent of them takes so much memory.
    pub(super) bytes: usize,
}

/// A message, and the answer to it.
struct SentMessage {
    commands: Vec<Command>,
    answer: Result<SimpleQueryStream, tokio_postgres::Error>,
}

/// A command of a message. The server says of each when it is done.
struct Command {
    /// The statement of the file that it is; none for what frames them.
    statement: Option<usize>,
    /// How many characters of the message stand before it.
    before: u32,
}

/// A message that is being made.
#[derive(Default)]
pub(super) struct Message {
    text: String,
    characters: u32,
    commands: Vec<Command>,
}

impl Message {
    /// Says to whoever looks at the server's activity what all of this is.
    pub(super) fn titled(stem: &str) -> Self {
        let text = format!("/* {stem} */ ");
        Self {
            characters: u32::try_from(text.len()).unwrap_or(u32::MAX),
            text,
            commands: Vec::new(),
        }
    }

    /// Adds a command. It may end with a comment, so that its semicolon stands on a line of its own.
    pub(super) fn push(&mut self, statement: Option<usize>, command: &str) {
        self.commands.push(Command {
            statement,
            before: self.characters,
        });
        for part in [command, "\n;"] {
            let characters = part.chars().count();
            self.characters = u32::try_from(characters).map_or(u32::MAX, |characters| {
                self.characters.saturating_add(characters)
            });
            self.text.push_str(part);
        }
    }
}

/// The messages of a step, between its opening and its closing.
pub(super) fn messages(
    opening: Message,
    step: &Step<'_>,
    closing: &[String],
    packing: Packing,
) -> Vec<Message> {
    match packing {
        Packing::Together => vec![together(opening, step, closing)],
        Packing::Apart => apart(opening, step, closing),
    }
}

fn together(mut message: Message, step: &Step<'_>, closing: &[String]) -> Message {
    for nth in 0..step.count() {
        message.push(Some(nth), step.statement(nth));
    }
    for command in closing {
        message.push(None, command);
    }
    message
}

fn apart(opening: Message, step: &Step<'_>, closing: &[String]) -> Vec<Message> {
    let statements = (0..step.count()).map(|nth| within(step, nth));
    let closing = (!closing.is_empty()).then(|| {
        let mut message = Message::default();
        for command in closing {
            message.push(None, command);
        }
        message
    });
    std::iter::once(opening)
        .chain(statements)
        .chain(closing)
        .collect()
}

/// A statement that is done in a transaction or not at all. A request to cancel may arrive before the server has come to
/// BEGIN; what was sent behind it would be done one by one then, each for good. A savepoint is refused outside of a
/// transaction, and with it what stands in the same message.
fn within(step: &Step<'_>, nth: usize) -> Message {
    let mut message = Message::default();
    message.push(Some(nth), step.statement(nth));
    message.push(Some(nth), &format!("SAVEPOINT {SAVEPOINT}"));
    message.push(Some(nth), &format!("RELEASE SAVEPOINT {SAVEPOINT}"));
    message
}

/// Set and released at once.
const SAVEPOINT: &str = "dsentr_migrate";

/// What a message takes in memory beside its text until it is answered, in bytes: a place where its answer is put, and what
/// is remembered of its step. Measured with many small ones.
const BESIDE: usize = 2 << 10;

impl Sent {
    pub(super) async fn new(session: &Session, messages: Vec<Message>, packing: Packing) -> Self {
        let mut sent = Self {
            messages: Vec::with_capacity(messages.len()),
            packing,
            bytes: 0,
        };
        for Message { text, commands, .. } in messages {
            sent.bytes += text.len() + BESIDE;
            // Waits for nothing: until the server takes it, it is kept here.
            let answer = session.client.simple_query_raw(&text).await;
            sent.messages.push(SentMessage { commands, answer });
        }
        sent
    }

    /// Reads the answers to their end. The first error is the step's; those behind it are its consequences.
    pub(super) async fn arrive(self, running: &Running<'_>) -> Result<(), Broken> {
        let mut result = Ok(());
        for message in self.messages {
            let read = message.arrive(running, result.is_ok()).await;
            if result.is_ok() {
                result = read;
            }
        }
        result
    }
}

impl SentMessage {
    /// Reads the answer to its end. Behind an error the server is at none of the commands.
    async fn arrive(self, running: &Running<'_>, is_executed: bool) -> Result<(), Broken> {
        let Self { commands, answer } = self;
        let mut done = 0;
        if is_executed {
            running.is_at(at(&commands));
        }
        let read = async {
            let mut answer = std::pin::pin!(answer?);
            while let Some(message) = answer.try_next().await? {
                match message {
                    SimpleQueryMessage::CommandComplete(_) => done += 1,
                    SimpleQueryMessage::Row(row) => is_served(running, &row),
                    _ => {}
                }
            }
            Ok(())
        };
        read.await
            .map_err(|error: tokio_postgres::Error| broken_at(&commands, done, error))
    }
}

/// What the server is at until it has answered.
fn at(commands: &[Command]) -> At {
    let mut statements = commands.iter().map(|command| command.statement);
    let first = statements.next().flatten();
    if statements.all(|statement| statement == first) {
        first.into()
    } else {
        At::Unknown
    }
}

/// The server was at the command behind those that are `done`; or it has not understood the message, done none of it, and
/// says where.
fn broken_at(commands: &[Command], done: usize, error: tokio_postgres::Error) -> Broken {
    let position = match error.as_db_error().and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) => Some(*position),
        _ => None,
    };
    let pointed = position.and_then(|position| {
        let mut before = commands.iter().rev();
        before.find(|command| command.before < position)
    });
    let command = pointed.or_else(|| commands.get(done));
    Broken::At {
        statement: command.and_then(|command| command.statement),
        before: command.map_or(0, |command| command.before),
        error,
    }
}

/// Behind a pooler it is another process that serves us.
fn is_served(running: &Running<'_>, row: &SimpleQueryRow) {
    if let Ok(Some(process)) = row.try_get(PROCESS) {
        running.is_served_by(process);
    }
}
