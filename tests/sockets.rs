//! What the executable connects to, as strace sees it: the database, and where a name is given, what says its address.

mod support;

use support::executable::executable;
use support::golden::golden;
use support::mask::mask;
use support::server::{Database, Server};

/// The executable that ships, as `.ci/sockets` sets it: another C library asks for names in another way.
const EXECUTABLE: &str = "DSENTR_TEST_EXECUTABLE";

/// All that opens a connection, or lets others open one. What is sent on one is not looked at: where it leads is.
const CALLS: &str =
    "--trace=socket,socketpair,connect,bind,listen,accept,accept4,sendto,sendmsg,sendmmsg";

/// What `dsentr-migrate` with these arguments opens, in order, and how it ends.
fn opened(arguments: &[&str], database: &Database<'_>) -> String {
    let path = std::env::var(EXECUTABLE)
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_dsentr-migrate").to_owned());
    let keep = tempfile::tempdir().expect("a temporary folder");
    let trace = keep.path().join("trace").display().to_string();
    let strace = ["--follow-forks", "--quiet=all", CALLS, "--output", &trace];
    let strace = executable("strace", &[&strace[..], &[&path], arguments].concat());
    let run = strace
        .env("PATH", "/usr/bin:/bin")
        // A name server that does not answer is not asked for long.
        .env("RES_OPTIONS", "attempts:1 timeout:1")
        .env("DSENTR_MIGRATE_BOOTSTRAP_URL", &database.url())
        .run();
    let trace = std::fs::read_to_string(&trace).unwrap_or_else(|error| {
        panic!("strace leaves no trace: {error}\n{}", run.text());
    });
    let mut text = format!("$ dsentr-migrate {}\n", arguments.join(" "));
    for call in trace.lines().filter_map(call) {
        text.push_str(&call);
        text.push('\n');
    }
    let code = run
        .code
        .map_or("signal".to_owned(), |code| code.to_string());
    text.push_str(&format!("[exit {code}]\n\n"));
    mask(&text, database).replace(&database.server().port().to_string(), "<port>")
}

/// A line of a trace, unless it is about a socket that is connected already: the call, without the thread, the number of
/// the socket and how it went.
fn call(line: &str) -> Option<String> {
    let (_, call) = line.split_once(' ')?;
    let (name, rest) = call.trim_start().split_once('(')?;
    let (arguments, _) = rest
        .rsplit_once(") = ")
        .or_else(|| rest.split_once(" <unfinished"))?;
    match name {
        "socket" | "socketpair" => {
            let kind = arguments.split(", ").take(2).collect::<Vec<_>>();
            let kind = kind
                .join(" ")
                .replace("|SOCK_CLOEXEC", "")
                .replace("|SOCK_NONBLOCK", "");
            Some(format!("  {name} {kind}"))
        }
        _ => {
            let (_, address) = arguments.split_once("{sa_family=")?;
            let (address, _) = address.split_once('}')?;
            Some(format!("  {name} {address}"))
        }
    }
}

/// Each line once. How many name servers there are, and how often they are asked, is up to the machine.
fn each_once(text: &str) -> String {
    let mut seen = Vec::new();
    for line in text.lines() {
        let line = match line.split_once("sin_port=htons(53), ") {
            Some((before, _)) => format!("{before}sin_port=htons(53), <name server>"),
            None => line.to_owned(),
        };
        if line.is_empty() || !seen.contains(&line) {
            seen.push(line);
        }
    }
    seen.join("\n") + "\n"
}

#[test]
#[ignore = "needs strace and the executable that ships; .ci/sockets makes both and runs this"]
fn it_connects_to_the_database_and_to_nothing_else() {
    let server = Server::of_its_own();
    let database = server.database();
    let port = server.port().to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("new").display().to_string();
    let at = |host| {
        [
            "--host",
            host,
            "--port",
            &port,
            "--database",
            database.name(),
        ]
    };
    let user = ["--user", "postgres"];
    let address = [&at("127.0.0.1")[..], &user].concat();
    let mut told = String::from("== without a database\n");
    for command in [
        &["version"][..],
        &["script"],
        &["schema"],
        &["config"],
        &["export", &folder],
    ] {
        told += &opened(command, &database).replace(&folder, "<folder>");
    }
    told += "== at an address\n";
    for command in [
        &["wait", "--for", "server"][..],
        &["plan"],
        &["adopt", "--dry-run"],
        &["up", "--verify"],
        &["up"],
        &["status"],
        &["verify"],
        &["rollback", "--steps", "1", "--accept-data-loss"],
    ] {
        told += &opened(&[command, &address].concat(), &database);
    }
    let owner = [
        &["bootstrap", "--dry-run", "--user", "owner"],
        &at("127.0.0.1")[..],
    ]
    .concat();
    told += &opened(&owner, &database);
    told += "== at a socket\n";
    let socket_dir = server.socket_dir().display().to_string();
    let socket = [&["status"][..], &at(&socket_dir), &user].concat();
    told += &opened(&socket, &database);
    told += "== as whoever runs it\n";
    told += &opened(&[&["status"][..], &at("127.0.0.1")].concat(), &database);
    told += "== at a name\n";
    let named = [
        &["status", "--wait-timeout", "1s"][..],
        &at("db.invalid"),
        &user,
    ]
    .concat();
    told += &each_once(&opened(&named, &database));
    golden("sockets.txt", &told);
}
