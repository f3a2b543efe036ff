//! Encryption by libpq's rules against a real server: who is let in on which way, and each refusal in its own words.

mod support;

use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;

use support::authority::{Authority, Pair, Valid, self_signed};
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::proxy::Proxy;
use support::server::Server;

const PASSWORD: &str = "918273645546372819";

/// The name in the server's certificates, which no resolver knows.
const HOST: &str = "db.test";

/// A server with TLS, whose rules let each role in on one way.
struct Secured {
    server: Server,
}

const RULES: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
hostssl all encrypted 127.0.0.1/32 trust
hostnossl all plain 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
host all scram 127.0.0.1/32 scram-sha-256
host all md5 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
";

impl Secured {
    fn start() -> Self {
        let server = Server::of_its_own();
        let secured = Self { server };
        secured.server.administer(&[
            "SET password_encryption = 'scram-sha-256'",
            "CREATE ROLE encrypted LOGIN",
            "CREATE ROLE plain LOGIN",
            "CREATE ROLE certified LOGIN",
        ]);
        for (role, encryption) in [
            ("scram", "scram-sha-256"),
            ("md5", "md5"),
            ("clear", "scram-sha-256"),
        ] {
            let url = format!(
                "postgres://postgres@127.0.0.1:{}/postgres",
                secured.server.port()
            );
            support::server::aside(async {
                let session = support::server::Session::open(&url).await;
                session
                    .batch(&format!(
                        "SET password_encryption = '{encryption}'; CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"
                    ))
                    .await;
            });
        }
        secured.write("pg_hba.conf", RULES);
        secured
    }

    /// Has the server write into its data folder what only its own user may read.
    fn write(&self, name: &str, text: &str) {
        self.server.administer(&[&format!(
            "COPY (SELECT line FROM unnest(string_to_array('{}', E'\\n')) WITH ORDINALITY AS t (line, n) ORDER BY n) \
             TO PROGRAM 'umask 077; cat >{name}'",
            text.replace('\'', "''")
        )]);
    }

    /// Has the server show a certificate, with those of the authorities between, and starts it again.
    fn show(&self, pair: &Pair, between: &[&Authority]) {
        let mut chain = pair.certificate.clone();
        chain.extend(between.iter().map(|authority| authority.pem.as_str()));
        self.write("server.crt", &chain);
        self.write("server.key", &pair.key);
        self.set("ssl", "on");
    }

    fn set(&self, setting: &str, value: &str) {
        self.server
            .administer(&[&format!("ALTER SYSTEM SET {setting} = '{value}'")]);
        self.server.crash_and_restart();
    }

    /// `status` as a role, over TCP, with a query of parameters.
    fn status(&self, role: &str, parameters: &str) -> Dsentr {
        self.status_at(HOST, role, parameters)
    }

    fn status_at(&self, host: &str, role: &str, parameters: &str) -> Dsentr {
        let port = self.server.port();
        let url =
            format!("postgres://{role}@{host}:{port}/postgres?hostaddr=127.0.0.1&{parameters}");
        dsentr(&["status", "--wait-timeout", "0"]).env("DATABASE_URL", &url)
    }

    fn masked(&self, run: &Run) -> String {
        let text = run
            .text()
            .replace(&format!(":{}", self.server.port()), ":<port>");
        let text = support::mask::mask_version(&text);
        // Of the report the target is enough.
        let lines = text.split_inclusive('\n');
        let is_row = |line: &&str| line.starts_with("  ") && line.contains("pending");
        lines.filter(|line| !is_row(line)).collect()
    }
}

/// Outputs of several runs, each under a line that says which it is.
#[derive(Default)]
struct Told(String);

impl Told {
    fn add(&mut self, secured: &Secured, which: &str, run: Dsentr) {
        let text = secured.masked(&run.run());
        self.0
            .push_str(&format!("# {which}\n{}\n", without_times(&text)));
    }
}

/// Log lines start with the time; certificates end at one.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        let bare = word.trim_end_matches('\n');
        bare.len() >= 20 && bare.starts_with("20") && bare.ends_with('Z') && bare.contains('T')
    };
    let masked = |word: &str| {
        let bare = word.trim_end();
        if is_time(bare) {
            word.replace(bare, "<when>")
        } else {
            word.to_owned()
        }
    };
    text.split_inclusive([' ', '\n']).map(masked).collect()
}

/// A file that only its owner can read.
fn private(run: Dsentr, name: &str, content: &str) -> Dsentr {
    let run = run.file(name, content);
    let path = run.home().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    run
}

fn certified(run: Dsentr, pair: &Pair) -> Dsentr {
    private(
        run.file("client.crt", &pair.certificate)
            .env("PGSSLCERT", "client.crt")
            .env("PGSSLKEY", "client.key"),
        "client.key",
        &pair.key,
    )
}

fn loud(run: Dsentr) -> Dsentr {
    run.env("DSENTR_MIGRATE_LOG_LEVEL", "info")
}

const MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

#[test]
fn each_mode_goes_the_way_that_libpq_goes() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let pair = authority.sign(HOST, &[HOST], Valid::Now);
    let mut told = Told::default();
    let roles = ["postgres", "encrypted", "plain"];
    let all = |told: &mut Told, server: &str| {
        for role in roles {
            for mode in MODES {
                let run = secured.status(role, &format!("sslmode={mode}&sslrootcert=root.crt"));
                let which = format!("{server}, {role}, {mode}");
                told.add(&secured, &which, loud(run.file("root.crt", &authority.pem)));
            }
        }
    };
    secured.set("ssl", "off");
    all(&mut told, "a server without TLS");
    secured.show(&pair, &[]);
    all(&mut told, "a server with TLS");
    // An authority that is not the server's: prefer goes on without encryption, as in libpq.
    let other = Authority::new("other");
    for mode in MODES {
        let run = secured.status("postgres", &format!("sslmode={mode}&sslrootcert=root.crt"));
        told.add(
            &secured,
            &format!("an unknown authority, {mode}"),
            loud(run.file("root.crt", &other.pem)),
        );
    }
    golden("tls_modes.txt", &told.0);
}

#[test]
fn a_certificate_that_will_not_do_is_refused_with_its_reason() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let between = authority.between("between");
    let stranger = Authority::new("stranger");
    let good = authority.sign(HOST, &[HOST, "127.0.0.1"], Valid::Now);
    let mut told = Told::default();
    let full = |root: &str| {
        secured
            .status("postgres", "sslmode=verify-full&sslrootcert=root.crt")
            .file("root.crt", root)
    };
    let ca = |root: &str| {
        secured
            .status("postgres", "sslmode=verify-ca&sslrootcert=root.crt")
            .file("root.crt", root)
    };

    secured.show(&good, &[]);
    let to = |host: &str, mode: &str| {
        let run = secured.status_at(
            host,
            "postgres",
            &format!("sslmode={mode}&sslrootcert=root.crt"),
        );
        run.file("root.crt", &authority.pem)
    };
    told.add(
        &secured,
        "another host, verify-full",
        to("other.test", "verify-full"),
    );
    told.add(
        &secured,
        "another host, verify-ca",
        to("other.test", "verify-ca"),
    );
    told.add(
        &secured,
        "its address, verify-full",
        to("127.0.0.1", "verify-full"),
    );
    told.add(&secured, "an unknown authority", full(&stranger.pem));
    told.add(
        &secured,
        "among several authorities",
        full(&format!("{}{}", stranger.pem, authority.pem)),
    );
    let listed = |list: &str| {
        full(&authority.pem)
            .env("PGSSLCRL", "root.crl")
            .file("root.crl", list)
    };
    told.add(
        &secured,
        "revoked",
        listed(&authority.take_back(&[&good], Valid::Now)),
    );
    told.add(
        &secured,
        "not revoked",
        listed(&authority.take_back(&[], Valid::Now)),
    );
    told.add(
        &secured,
        "a list that is too old",
        listed(&authority.take_back(&[], Valid::UntilYesterday)),
    );
    told.add(
        &secured,
        "another authority's list",
        listed(&stranger.take_back(&[&good], Valid::Now)),
    );

    for (which, valid) in [
        ("expired", Valid::UntilYesterday),
        ("not valid yet", Valid::FromTomorrow),
    ] {
        secured.show(&authority.sign(HOST, &[HOST], valid), &[]);
        told.add(&secured, which, full(&authority.pem));
    }
    secured.show(&authority.sign(HOST, &[], Valid::Now), &[]);
    told.add(
        &secured,
        "a common name alone, verify-full",
        full(&authority.pem),
    );
    told.add(
        &secured,
        "a common name alone, verify-ca",
        ca(&authority.pem),
    );

    let below = between.sign(HOST, &[HOST], Valid::Now);
    secured.show(&below, &[&between]);
    told.add(&secured, "an authority between", full(&authority.pem));
    secured.show(&below, &[]);
    told.add(
        &secured,
        "an authority between that is not shown",
        full(&authority.pem),
    );

    for of_authority in [false, true] {
        let own = self_signed(HOST, &[HOST], of_authority);
        secured.show(&own, &[]);
        told.add(
            &secured,
            &format!("self-signed, of an authority: {of_authority}, not known"),
            full(&authority.pem),
        );
        told.add(
            &secured,
            &format!("self-signed, of an authority: {of_authority}, known"),
            full(&own.certificate),
        );
        told.add(
            &secured,
            &format!("self-signed, of an authority: {of_authority}, require"),
            secured.status("postgres", "sslmode=require"),
        );
    }
    golden("tls_server_certificate.txt", &told.0);
}

#[test]
fn a_client_certificate_that_will_not_do_is_refused_with_its_reason() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    secured.write("root.crt", &authority.pem);
    secured.set("ssl_ca_file", "root.crt");
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    let mut told = Told::default();
    let status = || secured.status("certified", "sslmode=require");
    let good = authority.sign("certified", &[], Valid::Now);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let status = || {
            status()
                .env("PGSSLMINPROTOCOLVERSION", "TLSv1.2")
                .env("PGSSLMAXPROTOCOLVERSION", version)
        };
        let mut add =
            |which: &str, run: Dsentr| told.add(&secured, &format!("{which}, {version}"), run);
        add("the right one", certified(status(), &good));
        add("none", status());
        add(
            "another role's",
            certified(status(), &authority.sign("plain", &[], Valid::Now)),
        );
        add(
            "an unknown authority's",
            certified(status(), &stranger.sign("certified", &[], Valid::Now)),
        );
        add(
            "expired",
            certified(
                status(),
                &authority.sign("certified", &[], Valid::UntilYesterday),
            ),
        );
    }
    let other = authority.sign("certified", &[], Valid::Now);
    let mixed = certified(status(), &good);
    told.add(
        &secured,
        "another certificate's key",
        private(mixed, "client.key", &other.key),
    );
    told.add(
        &secured,
        "a key open to others",
        certified(status(), &good).file("client.key", ""),
    );
    let open = certified(status(), &good);
    let path = open.home().join("client.key");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    told.add(&secured, "a key open to others", open);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    told.add(
        &secured,
        "an encrypted key",
        private(certified(status(), &good), "client.key", encrypted),
    );
    told.add(
        &secured,
        "no key in the file",
        private(certified(status(), &good), "client.key", "none\n"),
    );
    told.add(
        &secured,
        "no certificate in the file",
        certified(status(), &good).file("client.crt", "none\n"),
    );
    told.add(
        &secured,
        "no such file",
        status().env("PGSSLCERT", "absent.crt"),
    );
    let alone = status()
        .file("client.crt", &good.certificate)
        .env("PGSSLCERT", "client.crt");
    told.add(&secured, "no key", alone);
    golden("tls_client_certificate.txt", &told.0);
}
