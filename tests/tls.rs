//! Encryption by libpq's rules against a real server: who is let in on which way, and each refusal in its own words.

mod support;

use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};
use support::authority::{Authority, Pair, Valid, self_signed, self_signed_with};
use support::executable::{Dsentr, Run, dsentr};
use support::golden::golden;
use support::mask;
use support::proxy::Proxy;
use support::runners::assert_at_target;
use support::running::Running;
use support::scenes::{busy, slow, wake};
use support::server::{Database, Server, Session, aside};

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
        secured.server.write("pg_hba.conf", RULES);
        secured.set("ssl", "off");
        secured
    }

    /// Has the server show a certificate, with those of the authorities between, and starts it again.
    fn show(&self, pair: &Pair, between: &[&Authority]) {
        self.server.show(pair, between);
        self.server.crash_and_restart();
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

    /// `status` that trusts nobody but these authorities.
    fn full(&self, root: &str) -> Dsentr {
        self.status("postgres", "sslmode=verify-full&sslrootcert=root.crt")
            .file("root.crt", root)
    }

    fn masked(&self, run: &Run) -> String {
        let text = run
            .text()
            .replace(&format!(":{}", self.server.port()), ":<port>");
        // In 13 the same has other words.
        let text = text.replace(", SSL off", ", no encryption");
        let text = text.replace(", SSL on\n", ", SSL encryption\n");
        let text = support::mask::mask_version(&text);
        // Of the report the target is enough.
        let lines = text.split_inclusive('\n');
        let is_row = |line: &&str| line.starts_with("  ") && line.contains("pending");
        // From 19 on.
        let is_warning =
            |line: &&str| line.ends_with("authenticated with an MD5-encrypted password\n");
        lines
            .filter(|line| !is_row(line) && !is_warning(line))
            .collect()
    }
}

/// Outputs of several runs, each under a line that says which it is.
struct Told<'s> {
    secured: &'s Secured,
    text: String,
}

impl<'s> Told<'s> {
    fn of(secured: &'s Secured) -> Self {
        Self {
            secured,
            text: String::new(),
        }
    }

    fn add(&mut self, which: &str, run: Dsentr) {
        let home = run.home().display().to_string();
        let text = self.secured.masked(&run.run()).replace(&home, "<home>");
        self.text
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
    let mut told = Told::of(&secured);
    let roles = ["postgres", "encrypted", "plain"];
    let all = |told: &mut Told<'_>, server: &str| {
        for role in roles {
            for mode in MODES {
                let run = secured.status(role, &format!("sslmode={mode}&sslrootcert=root.crt"));
                let which = format!("{server}, {role}, {mode}");
                told.add(&which, loud(run.file("root.crt", &authority.pem)));
            }
        }
    };
    all(&mut told, "a server without TLS");
    secured.show(&pair, &[]);
    all(&mut told, "a server with TLS");
    // An authority that is not the server's: prefer goes on without encryption, as in libpq.
    let other = Authority::new("other");
    for mode in MODES {
        let run = secured.status("postgres", &format!("sslmode={mode}&sslrootcert=root.crt"));
        told.add(
            &format!("an unknown authority, {mode}"),
            loud(run.file("root.crt", &other.pem)),
        );
    }
    golden("tls_modes.txt", &told.text);
}

#[test]
fn a_certificate_that_will_not_do_is_refused_with_its_reason() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    let good = authority.sign(HOST, &[HOST, "127.0.0.1"], Valid::Now);
    let mut told = Told::of(&secured);
    let full = |root: &str| secured.full(root);
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
    told.add("another host, verify-full", to("other.test", "verify-full"));
    told.add("another host, verify-ca", to("other.test", "verify-ca"));
    told.add("its address, verify-full", to("127.0.0.1", "verify-full"));
    told.add("an unknown authority", full(&stranger.pem));
    told.add(
        "among several authorities",
        full(&format!("{}{}", stranger.pem, authority.pem)),
    );
    let listed = |list: &str| {
        full(&authority.pem)
            .env("PGSSLCRL", "root.crl")
            .file("root.crl", list)
    };
    told.add(
        "revoked",
        listed(&authority.take_back(&[&good], Valid::Now)),
    );
    told.add("not revoked", listed(&authority.take_back(&[], Valid::Now)));
    told.add(
        "a list that is too old",
        listed(&authority.take_back(&[], Valid::UntilYesterday)),
    );
    told.add(
        "another authority's list",
        listed(&stranger.take_back(&[&good], Valid::Now)),
    );

    for (which, valid) in [
        ("expired", Valid::UntilYesterday),
        ("not valid yet", Valid::FromTomorrow),
    ] {
        secured.show(&authority.sign(HOST, &[HOST], valid), &[]);
        told.add(which, full(&authority.pem));
    }
    secured.show(&authority.sign(HOST, &[], Valid::Now), &[]);
    told.add("a common name alone, verify-full", full(&authority.pem));
    told.add("a common name alone, verify-ca", ca(&authority.pem));

    golden("tls_server_certificate.txt", &told.text);
}

#[test]
fn who_signed_a_certificate_decides() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let between = authority.between("between");
    let mut told = Told::of(&secured);
    let full = |root: &str| secured.full(root);
    let below = between.sign(HOST, &[HOST], Valid::Now);
    secured.show(&below, &[&between]);
    told.add("an authority between", full(&authority.pem));
    secured.show(&below, &[]);
    told.add(
        "an authority between that is not shown",
        full(&authority.pem),
    );

    for of_authority in [false, true] {
        let own = self_signed(HOST, &[HOST], of_authority);
        secured.show(&own, &[]);
        told.add(
            &format!("self-signed, of an authority: {of_authority}, not known"),
            full(&authority.pem),
        );
        told.add(
            &format!("self-signed, of an authority: {of_authority}, known"),
            full(&own.certificate),
        );
        told.add(
            &format!("self-signed, of an authority: {of_authority}, require"),
            secured.status("postgres", "sslmode=require"),
        );
    }
    golden("tls_authorities.txt", &told.text);
}

#[test]
fn a_client_certificate_that_will_not_do_is_refused_with_its_reason() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    secured.server.write("root.crt", &authority.pem);
    secured.set("ssl_ca_file", "root.crt");
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    let mut told = Told::of(&secured);
    let status = || secured.status("certified", "sslmode=require");
    let good = authority.sign("certified", &[], Valid::Now);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let status = || {
            status()
                .env("PGSSLMINPROTOCOLVERSION", "TLSv1.2")
                .env("PGSSLMAXPROTOCOLVERSION", version)
        };
        let mut add = |which: &str, run: Dsentr| told.add(&format!("{which}, {version}"), run);
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
        "another certificate's key",
        private(mixed, "client.key", &other.key),
    );
    let open = certified(status(), &good);
    let path = open.home().join("client.key");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    told.add("a key open to others", open);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    told.add(
        "an encrypted key",
        private(certified(status(), &good), "client.key", encrypted),
    );
    told.add(
        "no key in the file",
        private(certified(status(), &good), "client.key", "none\n"),
    );
    told.add(
        "no certificate in the file",
        certified(status(), &good).file("client.crt", "none\n"),
    );
    told.add("no such file", status().env("PGSSLCERT", "absent.crt"));
    let alone = status()
        .file("client.crt", &good.certificate)
        .env("PGSSLCERT", "client.crt");
    told.add("no key", alone);
    golden("tls_client_certificate.txt", &told.text);
}

#[test]
fn a_password_is_bound_to_the_connection_and_never_sent_in_the_clear() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let mut told = Told::of(&secured);
    let status =
        |role: &str, parameters: &str| secured.status(role, parameters).env("PGPASSWORD", PASSWORD);
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    for role in ["scram", "md5", "clear", "encrypted"] {
        for binding in ["disable", "prefer", "require"] {
            let run = status(role, &format!("sslmode=require&channel_binding={binding}"));
            told.add(&format!("{role}, channel_binding={binding}"), run);
        }
    }
    told.add(
        "scram, require, without TLS",
        status("scram", "sslmode=disable&channel_binding=require"),
    );
    told.add(
        "scram, a wrong password",
        status("scram", "sslmode=prefer").env("PGPASSWORD", "wrong"),
    );
    told.add(
        "scram, no password",
        secured.status("scram", "sslmode=prefer"),
    );
    told.add(
        "clear, without TLS, on this machine",
        status("clear", "sslmode=disable"),
    );
    golden("tls_password.txt", &told.text);
}

/// SCRAM binds to a hash of the certificate, by the hash function of its signature.
#[test]
fn a_password_is_bound_whatever_the_certificate_is_signed_with() {
    let secured = Secured::start();
    let mut told = Told::of(&secured);
    let mut add = |which: &str, pair: &Pair| {
        secured.show(pair, &[]);
        for binding in ["prefer", "require"] {
            let run = secured.status(
                "scram",
                &format!("sslmode=require&channel_binding={binding}"),
            );
            let which = format!("{which}, channel_binding={binding}");
            told.add(&which, loud(run.env("PGPASSWORD", PASSWORD)));
        }
    };
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        add(&format!("{kind:?}"), &self_signed_with(kind, HOST));
    }
    if let Some(kinds) = made_by_openssl() {
        for (which, pair) in &kinds {
            add(which, pair);
        }
        golden("tls_binding.txt", &told.text);
    } else {
        println!("not tested with RSA and Ed25519: there is no openssl here");
    }
}

/// Of kinds that `rcgen` does not make, or not in a form that openssl reads; the first as the manual of PostgreSQL has it, which is of version 1.
fn made_by_openssl() -> Option<Vec<(String, Pair)>> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let openssl = |arguments: &str| {
        Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
    };
    openssl("version").ok()?;
    let made = |which: &str, commands: &[String]| {
        for command in commands {
            let output = openssl(command).expect("openssl starts");
            assert!(output.status.success(), "openssl {command}: {output:?}");
        }
        let read =
            |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("it was written");
        (
            which.to_owned(),
            Pair::new(read("server.crt"), read("server.key")),
        )
    };
    let request =
        "req -new -nodes -newkey rsa:2048 -subj /CN=db.test -keyout server.key -out server.csr";
    let own =
        "req -x509 -nodes -newkey rsa:2048 -subj /CN=db.test -keyout server.key -out server.crt";
    let mut kinds = vec![made(
        "RSA, version 1",
        &[
            request.to_owned(),
            "x509 -req -in server.csr -days 2 -signkey server.key -out server.crt".to_owned(),
        ],
    )];
    for more in [
        "-sha256",
        "-sha384",
        "-sha512",
        "-sha384 -sigopt rsa_padding_mode:pss",
    ] {
        kinds.push(made(&format!("RSA {more}"), &[format!("{own} {more}")]));
    }
    let ed25519 = own.replace("rsa:2048", "ed25519");
    kinds.push(made("Ed25519, which has no hash function", &[ed25519]));
    Some(kinds)
}

/// An address of this machine that is no loopback; none where it has no network.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: the kernel picks the address from which it would.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn a_password_in_clear_text_goes_to_no_other_host() {
    let Some(address) = own_address() else {
        println!("not tested: this machine has no address but its loopback");
        return;
    };
    let secured = Secured::start();
    let proxy = Proxy::start_at(address, secured.server.port());
    let mut told = Told::of(&secured);
    let status = |role: &str, mode: &str| {
        let url = format!(
            "postgres://{role}@{address}:{}/postgres?sslmode={mode}",
            proxy.port()
        );
        dsentr(&["status", "--wait-timeout", "0"])
            .env("DATABASE_URL", &url)
            .env("PGPASSWORD", PASSWORD)
    };
    let allow = "DSENTR_MIGRATE_DATABASE_ALLOW_CLEARTEXT_PASSWORD";
    let mut add = |which: &str, run: Dsentr| told.add(which, run);
    for mode in ["disable", "allow", "prefer"] {
        add(&format!("no TLS, {mode}"), status("clear", mode));
    }
    add(
        "no TLS, with the setting",
        status("clear", "prefer").env(allow, "true"),
    );
    add("no TLS, SCRAM", status("scram", "prefer"));
    secured.show(&self_signed(HOST, &[], false), &[]);
    let mut add = |which: &str, run: Dsentr| told.add(which, run);
    for mode in ["disable", "allow", "prefer"] {
        add(&format!("TLS, {mode}"), status("clear", mode));
    }
    let told = told
        .text
        .replace(&format!("{address}:{}", proxy.port()), "<address>:<port>");
    golden("tls_clear_text.txt", &told);
}

#[test]
fn only_versions_that_are_safe_will_do() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let mut told = Told::of(&secured);
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    let status = |parameters: &str| {
        loud(secured.status("postgres", &format!("sslmode=require&{parameters}")))
    };
    told.add(
        "TLSv1.2 at the most",
        status("ssl_max_protocol_version=TLSv1.2"),
    );
    secured.set("ssl_max_protocol_version", "TLSv1.2");
    told.add("a server of 1.2", status(""));
    told.add(
        "a server of 1.2, TLSv1.3 at least",
        status("ssl_min_protocol_version=TLSv1.3"),
    );
    secured.set("ssl_min_protocol_version", "TLSv1");
    secured.set("ssl_max_protocol_version", "TLSv1.1");
    told.add("a server of 1.1", status(""));
    told.add(
        "TLSv1.1 at least",
        status("ssl_min_protocol_version=TLSv1.1"),
    );
    told.add(
        "nothing",
        status("ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2"),
    );
    golden("tls_versions.txt", &told.text);
}

#[test]
fn files_are_found_where_libpq_finds_them() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    let pair = authority.sign(HOST, &[HOST], Valid::Now);
    secured.server.write("root.crt", &authority.pem);
    secured.set("ssl_ca_file", "root.crt");
    secured.show(&pair, &[]);
    let mut told = Told::of(&secured);
    let status = |role: &str, parameters: &str| {
        let run = loud(secured.status(role, parameters));
        std::fs::create_dir(run.home().join(".postgresql")).expect("home can be written");
        run
    };
    let root = ".postgresql/root.crt";
    told.add("require", status("postgres", "sslmode=require"));
    told.add(
        "require, with a root",
        status("postgres", "sslmode=require").file(root, &authority.pem),
    );
    told.add(
        "require, with another root",
        status("postgres", "sslmode=require").file(root, &stranger.pem),
    );
    told.add(
        "verify-full, with a root",
        status("postgres", "sslmode=verify-full").file(root, &authority.pem),
    );
    let list = authority.take_back(&[&pair], Valid::Now);
    let revoked = status("postgres", "sslmode=require").file(root, &authority.pem);
    told.add(
        "require, with a root and a list",
        revoked.file(".postgresql/root.crl", &list),
    );
    let own = authority.sign("certified", &[], Valid::Now);
    let certified =
        status("certified", "sslmode=require").file(".postgresql/postgresql.crt", &own.certificate);
    told.add(
        "a certificate",
        private(certified, ".postgresql/postgresql.key", &own.key),
    );

    // A socket is never encrypted.
    let socket = dsentr(&["status"])
        .env("PGHOST", &secured.server.socket_dir().display().to_string())
        .env("PGPORT", &secured.server.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGSSLMODE", "verify-full");
    let socket = loud(socket).run();
    assert_eq!(socket.code, Some(0), "{}", socket.text());
    assert_eq!(socket.stderr, "");
    golden("tls_files.txt", &told.text);
}

#[test]
fn settings_that_ask_for_what_cannot_be_are_refused() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    let stranger = Authority::new("stranger");
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    let mut told = Told::of(&secured);
    let status = |role: &str, parameters: &str| loud(secured.status(role, parameters));
    told.add(
        "verify-ca, without a root",
        status("postgres", "sslmode=verify-ca"),
    );
    told.add(
        "no such root",
        status("postgres", "sslmode=require&sslrootcert=absent.crt"),
    );
    told.add(
        "no root in the file",
        status("postgres", "sslrootcert=a").file("a", "none\n"),
    );
    told.add(
        "no list in the file",
        status("postgres", "sslcrl=a&sslrootcert=root.crt")
            .file("root.crt", &authority.pem)
            .file("a", "none\n"),
    );
    let of_system = |file: &str| {
        status("postgres", "sslrootcert=system")
            .file("a", file)
            .env("SSL_CERT_FILE", "a")
    };
    told.add("system, with the authority", of_system(&authority.pem));
    told.add("system, with another", of_system(&stranger.pem));
    told.add("system, with none", of_system(""));
    told.add(
        "system, require",
        status("postgres", "sslmode=require&sslrootcert=system"),
    );
    told.add("mozilla", status("postgres", "sslrootcert=mozilla"));
    told.add(
        "mozilla, prefer",
        status("postgres", "sslmode=prefer&sslrootcert=mozilla"),
    );
    told.add(
        "direct, prefer",
        status("postgres", "sslnegotiation=direct"),
    );
    told.add(
        "without SNI",
        status("postgres", "sslmode=require&sslsni=0"),
    );
    for variable in ["PGSSLCRLDIR", "PGREQUIREAUTH", "PGSSLCERTMODE"] {
        told.add(variable, status("postgres", "").env(variable, "x"));
    }
    golden("tls_settings.txt", &told.text);
}

/// From 17 on. An older server takes the first bytes for something else, and closes the connection.
#[test]
fn direct_negotiation_needs_a_server_that_knows_it() {
    let secured = Secured::start();
    let authority = Authority::new("authority");
    secured.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    let run = |role: &str| {
        let run = secured.status(role, "sslmode=verify-full&sslnegotiation=direct&sslrootcert=root.crt&channel_binding=require");
        loud(run.file("root.crt", &authority.pem))
            .env("PGPASSWORD", PASSWORD)
            .run()
    };
    let run = run("scram");
    let major: u32 = aside(async {
        let session = Session::open(&format!(
            "postgres://postgres@127.0.0.1:{}/postgres",
            secured.server.port()
        ))
        .await;
        let major = session
            .value("SELECT current_setting('server_version_num')::int / 10000")
            .await;
        major.parse().expect("a number")
    });
    if major >= 17 {
        golden("tls_direct.txt", &without_times(&secured.masked(&run)));
    } else {
        assert_eq!(run.code, Some(6), "{}", run.text());
        assert!(
            run.stderr
                .contains("a server before PostgreSQL 17 does not know sslnegotiation=direct"),
            "{}",
            run.stderr
        );
    }
}

/// How the owner of a database connects over TLS.
fn encrypted(url: &str) -> Dsentr {
    dsentr(&["up"]).env(
        "DATABASE_URL",
        &format!("{url}?sslmode=require&channel_binding=disable"),
    )
}

/// What breaks under TLS is recognised as what it is, and gone on with.
#[tokio::test]
async fn a_connection_that_ends_is_opened_again() {
    let secured = Secured::start();
    secured.show(&self_signed(HOST, &[], false), &[]);
    let server = &secured.server;
    let (database, holder) = busy(server).await;
    let proxy = Proxy::start(server.port());
    let mut run = Running::start(encrypted(&database.url_through(proxy.port())));
    run.until_busy(&database).await;
    proxy.cut();
    run.until_says("the connection was lost", 1);
    run.until_blocked(&database).await;
    holder.close().await;
    let cut = run.end();
    assert_at_target(&database).await;
    let mut told = format!("# cut\n{}", told_of(&cut, &database, &proxy));

    for (which, end) in [
        ("crash", Server::crash as fn(&Server)),
        ("shutdown", Server::shut_down),
    ] {
        let (database, _holder) = busy(server).await;
        // So that nothing depends on how much of the log is on disk when the server goes down.
        let dsentr = encrypted(&database.url()).env("DSENTR_MIGRATE_UP_SYNCHRONOUS_COMMIT", "each");
        let mut run = Running::start(dsentr);
        run.until_busy(&database).await;
        end(server);
        run.until_says("waiting for the server", 1);
        server.start_again();
        let run = run.end();
        assert_at_target(&database).await;
        told.push_str(&format!("# {which}\n{}", told_of(&run, &database, &proxy)));
    }
    golden("tls_lost.txt", &told);
}

/// Without what depends on when the server says what as it goes down.
fn told_of(run: &Run, database: &Database<'_>, proxy: &Proxy) -> String {
    let text = mask::told(run, database, &[proxy.port()]);
    let racing = [
        "waiting for the migration lock",
        "terminating connection",
        "waiting for the server",
        "  applied  ",
    ];
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !racing.iter().any(|word| line.contains(word)))
        .collect()
}

/// Whatever ends TLS before a server may take no other request to cancel.
#[tokio::test]
async fn a_request_to_cancel_is_encrypted_as_the_session_is() {
    let secured = Secured::start();
    secured.show(&self_signed(HOST, &[], false), &[]);
    let database = slow(&secured.server).await;
    let proxy = Proxy::start(secured.server.port());
    let mut run = Running::start(encrypted(&database.url_through(proxy.port())));
    run.until_asleep(&database).await;
    let sessions = proxy.connections();
    let start = Instant::now();
    run.signal("TERM");
    let run = run.end();
    assert_eq!(run.code, Some(7), "{}", run.text());
    // Without an answer it would have been given up after the grace of 8 s.
    assert!(start.elapsed() < Duration::from_secs(6), "{}", run.text());
    assert!(proxy.connections() > sessions, "nothing was cancelled");
    assert_eq!(proxy.unencrypted(), 0);
    wake(&database).await;
}
