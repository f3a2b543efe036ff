//! What is shown of many migrations is never in memory as a whole. In bytes and not in time, so that a busy machine changes
//! nothing.

mod support;

use std::collections::BTreeMap;

use dsentr_migrate::check::seal::Seal;
use dsentr_migrate::cli::Command;
use dsentr_migrate::config::{Environment, Format, load};
use dsentr_migrate::report::{Out, Paint};
use dsentr_migrate::signal::Stop;
use peak_alloc::PeakAlloc;
use support::library::{Library, up};
use support::server::{Database, Server};
use support::small;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// So many that what is shown of them is written in several goes.
const FEW: usize = 750;

const MANY: usize = 2 * FEW;

/// Bytes a migration, where it costs nothing: the numbers in a result are longer, and a buffer ends elsewhere.
const NOTHING: usize = 4;

const STATUS: Command = Command::Status { check: false };
const PLAN: Command = Command::Plan { to: None };

/// A binary with so many migrations.
fn library(count: usize) -> Library {
    let files: Vec<(String, String)> = (1..=count).map(small::migration).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (&**n, &**t)).collect();
    let objects = BTreeMap::from([("table small".to_owned(), "table".to_owned())]);
    Library::sealed(&files, |seal| {
        let added = objects.clone();
        Some(Seal { added, ..seal })
    })
}

/// The most memory that a command had in use, beyond what was before it.
async fn peak(library: Library, url: &str, command: &Command, format: Format) -> usize {
    let environment: Environment = [("DATABASE_URL", url)].into_iter().collect();
    let config = load(&environment, Vec::new(), None, None).expect("the settings are right");
    let mut out = Out::to(std::io::sink(), format, Paint(false));
    let stop = Stop::never();
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let run =
        dsentr_migrate::command::run(command, &config, &environment, library.0, &stop, &mut out);
    Box::pin(run).await.expect("it succeeds");
    HEAP.peak_usage() - before
}

#[tokio::test]
async fn a_migration_more_costs_few_bytes() {
    let many = library(MANY);
    let few = Library(&many.0[..FEW]);
    let server = Server::shared();
    let databases = [server.database(), server.database()];
    let [first, second] = databases.each_ref().map(Database::url);
    let mut told = String::new();
    let mut costs = async |name: &str, command: &Command, format, limit: usize| {
        let less = peak(few, &first, command, format).await;
        let more = peak(many, &second, command, format).await;
        let each = more.saturating_sub(less) / (MANY - FEW);
        told += &format!("{name}: {each} bytes, from {less} to {more}\n");
        assert!(
            each <= limit,
            "more than {limit} bytes a migration:\n{told}"
        );
    };
    costs("version", &Command::Version, Format::Text, NOTHING).await;
    costs(
        "version for machines",
        &Command::Version,
        Format::Json,
        NOTHING,
    )
    .await;
    costs("plan", &PLAN, Format::Text, 16).await;
    costs("plan for machines", &PLAN, Format::Json, 16).await;
    costs("status", &STATUS, Format::Text, 100).await;
    costs("up", &up(), Format::Text, 100).await;
    costs("plan, nothing pending", &PLAN, Format::Text, NOTHING).await;
    costs("up, nothing pending", &up(), Format::Text, NOTHING).await;
    costs("status, nothing pending", &STATUS, Format::Text, 500).await;
    costs("status for machines", &STATUS, Format::Json, 500).await;
    println!("{told}");
}
