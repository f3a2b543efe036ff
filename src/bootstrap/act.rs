//! Does one step.

use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::plan::{Impossible, Obstacle, Step};
use super::wanted::shown;
use super::{Wanted, password};
use crate::connect::{Lost, Session, broken};
use crate::error::Error;
use crate::history::quote;
use crate::schema::literal;
use crate::server_error::{INSUFFICIENT_PRIVILEGE, ServerError};
use crate::signal::Stop;

/// What came of a step.
pub(super) enum Outcome {
    /// It is done.
    Made,
    /// Somebody else was about to do it, or something like it: another look will tell.
    InTheWay(ServerError),
}

pub(super) async fn act(
    session: &Session,
    object: &str,
    step: &Step,
    wanted: &Wanted,
    signals: &Stop,
) -> Result<Outcome, Error> {
    let sql = statement(session, step, wanted)?;
    // The client writes each statement into its log: whoever wants to read that is not to find a verifier.
    let listener = if step.login_role.is_some() {
        Dispatch::new(NoSubscriber::new())
    } else {
        Dispatch::default()
    };
    let work = session.client.batch_execute(&sql).with_subscriber(listener);
    let result = match signals.unless_stopped(work).await {
        Ok(result) => result,
        Err(stopped) => {
            session.cancel().await;
            return Err(stopped.into());
        }
    };
    let Err(error) = result else {
        return Ok(Outcome::Made);
    };
    let (None, Some(server)) = (Lost::of(&error), ServerError::find(&error)) else {
        return Err(broken(&format!("{object} cannot be made"), &error));
    };
    if step.owner.is_some() {
        // The transaction that failed is still open.
        let ended = session.client.batch_execute("ROLLBACK").await;
        ended.map_err(|error| broken("a transaction cannot be ended", &error))?;
    }
    if is_in_the_way(&server) {
        return Ok(Outcome::InTheWay(server));
    }
    let refusal = Impossible(vec![refused(object, step, &server, wanted, session)]);
    Err(refusal.into())
}

/// Two who make the same thing at once: the second finds it there, or the catalogue's row of the first. A template is
/// in use for a moment, and a row that both change is changed by one.
fn is_in_the_way(server: &ServerError) -> bool {
    matches!(
        server.code.as_str(),
        "42710" | "42P04" | "42P06" | "23505" | "55006" | "40001" | "40P01"
    ) || server.code == "XX000" && server.message.contains("concurrently")
}

/// As it goes to the server, with the verifier of a password in place of the password.
fn statement(session: &Session, step: &Step, wanted: &Wanted) -> Result<String, Error> {
    let mut sql = step.sql.clone();
    let mut roles = wanted.login_roles();
    let role = roles.find(|role| step.login_role.as_ref() == Some(&role.name));
    if let Some(password) = role.and_then(|role| role.password.as_ref()) {
        let verifier = password::verifier(&password.read()?);
        sql.push_str(&format!(" PASSWORD {}", literal(verifier.expose())));
    }
    // Behind a pooler, what is set for longer than a transaction would stay for somebody else.
    Ok(match &step.owner {
        Some(owner) => format!(
            "BEGIN; {}SET LOCAL ROLE {}; SET LOCAL search_path TO pg_catalog, pg_temp; {sql}; COMMIT",
            session.without_timeouts(),
            quote(owner)
        ),
        None => sql,
    })
}

/// What no look could tell of: a right that a provider takes from its customers, a locale that the server lacks.
fn refused(
    object: &str,
    step: &Step,
    server: &ServerError,
    wanted: &Wanted,
    session: &Session,
) -> Obstacle {
    let who = step.owner.as_deref().unwrap_or(&session.target.user);
    let what = format!("{object} cannot be made by {}: {server}", shown(who));
    if server.code == INSUFFICIENT_PRIVILEGE {
        return Obstacle::forbidden(what, &step.for_somebody_else(&wanted.database));
    }
    let words = server.message.to_lowercase();
    let is_about_locale = ["locale", "lc_", "collat"]
        .iter()
        .any(|word| words.contains(word));
    let remedy = if is_about_locale {
        "set bootstrap.locale to one that the server has for UTF8, such as C.UTF-8 or en_US.UTF-8"
    } else {
        let words = server.hint.as_deref().or(server.detail.as_deref());
        words.unwrap_or("see that the server can do what was asked of it; its log may say more")
    };
    Obstacle::refused(what, remedy.to_owned())
}
