//! Proves on several servers, two of them at a time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::cli::Servers;
use super::error::Error;
use super::server::Server;
use super::subject::Subject;
use super::throwaway::{Throwaway, executables};
use super::walk::{Proof, walk};
use crate::signal::Stop;
use crate::source::MAJORS;

/// What each server says, by its major.
pub(super) type Proofs = BTreeMap<u32, Proved>;

/// What one server says.
pub(super) struct Proved {
    /// Its minor version.
    pub(super) minor: u32,
    /// Of each migration.
    pub(super) proofs: Vec<Proof>,
}

/// The majors that are asked for. None where URLs say what is to be proven on: which majors those are is yet to be seen.
pub(super) fn majors(on: &Servers) -> Result<Option<Vec<u32>>, Error> {
    if !on.urls.is_empty() {
        return Ok(None);
    }
    if on.majors.is_empty() {
        return Ok(Some(MAJORS.to_vec()));
    }
    if let Some(unknown) = on.majors.iter().find(|major| !MAJORS.contains(major)) {
        let known: Vec<String> = MAJORS.iter().map(u32::to_string).collect();
        return Err(Error::Usage(format!(
            "--on {unknown}: migrations are proven on PostgreSQL {}",
            known.join(", ")
        )));
    }
    let mut majors = on.majors.clone();
    majors.sort_unstable();
    majors.dedup();
    Ok(Some(majors))
}

/// Where one server comes from.
enum Source {
    Bin(std::path::PathBuf),
    Url(String),
}

/// Proves the subjects on each server.
pub(super) async fn prove(
    on: &Servers,
    subjects: &[Subject],
    stop: &Stop,
) -> Result<Proofs, Error> {
    let sources = sources(on, stop).await?;
    let queue = Mutex::new(sources.into_iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let lane = async || -> Result<Vec<(u32, Proved)>, Error> {
        let mut proofs = Vec::new();
        while let Some(source) = next() {
            proofs.push(prove_at(source, subjects, stop).await?);
        }
        Ok(proofs)
    };
    // On two cores a third server would only make the others slower.
    let (one, two) = tokio::join!(lane(), lane());
    let mut all = Proofs::new();
    for (major, proved) in one?.into_iter().chain(two?) {
        if all.insert(major, proved).is_some() {
            return Err(Error::Usage(format!(
                "two of the servers are PostgreSQL {major}; one of each major is enough"
            )));
        }
    }
    Ok(all)
}

async fn sources(on: &Servers, stop: &Stop) -> Result<Vec<Source>, Error> {
    let Some(mut majors) = majors(on)? else {
        return Ok(on.urls.iter().cloned().map(Source::Url).collect());
    };
    // The newest is the slowest to prove on, if any.
    majors.reverse();
    let found = tokio::task::spawn_blocking(move || executables(&majors));
    let found = stop
        .unless_stopped(found)
        .await?
        .context("the search for servers ended")??;
    Ok(found.into_iter().map(|(_, bin)| Source::Bin(bin)).collect())
}

async fn prove_at(
    source: Source,
    subjects: &[Subject],
    stop: &Stop,
) -> Result<(u32, Proved), Error> {
    let start = Instant::now();
    let server = match source {
        Source::Bin(bin) => {
            let started = tokio::task::spawn_blocking(move || Throwaway::start(&bin));
            let throwaway = started.await.context("the start of a server ended")??;
            Server::of(throwaway).await?
        }
        Source::Url(url) => Server::at(&url).await?,
    };
    let (major, minor) = (server.major, server.minor);
    let version = server.version.clone();
    let result = stop.unless_stopped(Box::pin(walk(&server, subjects))).await;
    // Also after a failure or a signal.
    server.leave().await;
    let proofs = result??;
    eprintln!("PostgreSQL {version}: {}", took(start.elapsed()));
    Ok((major, Proved { minor, proofs }))
}

/// `4.2 s`.
pub(super) fn took(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
