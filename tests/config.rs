//! Settings: which place wins, what is shown, what is refused, with the real executable.

mod support;

use support::executable::dsentr;
use support::golden::golden;

#[test]
fn the_later_place_wins() {
    let file = "[[verify.ignore]]\nobject = \"index users.night\"\nreason = \"reports\"\n[[verify.ignore]]\nobject = \"view r*\"\nreason = \"reports\"\n[database]\nhost = \"file\"\nport = 1\nname = \"file\"\nuser = \"file\"\n[lock]\ntimeout = \"1s\"\n[log]\nlevel = \"error\"\n";
    let run = dsentr(&[
        "config",
        "--config",
        "a.toml",
        "--profile",
        "container",
        "--user",
        "flag",
    ])
    .file("a.toml", file)
    .env("PGUSER", "libpq")
    .env("PGDATABASE", "libpq")
    .env("PGPORT", "2")
    .env("PGCONNECT_TIMEOUT", "7")
    .env("DATABASE_URL", "postgres://url:pass@url:3")
    .env("DSENTR_MIGRATE_DATABASE_PORT", "4")
    .env("DSENTR_MIGRATE_UP_STRICT", "true")
    .run();
    golden("config_layers.txt", &run.text());
}

#[test]
fn the_same_for_machines() {
    let run = dsentr(&["config", "--output", "json"])
        .env("PGPASSWORD", "s3cret")
        .run();
    golden("config.json", &run.text());
}

/// A credential of systemd's is weaker than any other variable, and one of another name is none.
#[test]
fn a_unit_has_its_password_from_systemd() {
    let password = |name: &str, variables: &[(&str, &str)]| {
        let run = dsentr(&["config"]).file(name, "s3cret\n");
        let run = variables
            .iter()
            .fold(
                run.env("CREDENTIALS_DIRECTORY", "."),
                |run, (name, value)| run.env(name, value),
            )
            .run();
        let mut lines = run.stdout.lines();
        let line = lines.find(|line| line.starts_with("database.password "));
        let words: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
        words[1..].join(" ")
    };
    let name = "dsentr-migrate.password";
    assert_eq!(
        password(name, &[]),
        "*** CREDENTIALS_DIRECTORY in ./dsentr-migrate.password"
    );
    assert_eq!(password("another.password", &[]), "- not set");
    assert_eq!(
        password(name, &[("PGPASSWORD", "s3cret")]),
        "*** PGPASSWORD"
    );
}

/// The administrator's connection has parts and files of its own; a password's file is read when it is needed.
#[test]
fn the_administrator_has_settings_of_his_own() {
    let file = "[bootstrap]\nurl = \"postgres://admin:s3cret@db.internal:6543/main?sslmode=disable\"\n\
                application_role = \"app\"\napplication_password_file = \"absent\"\nread_only_password = \"s3cret\"\n";
    let run = dsentr(&["config", "--config", "a.toml"])
        .file("a.toml", file)
        .file("secret", "s3cret\n")
        .env("DSENTR_MIGRATE_BOOTSTRAP_PASSWORD_FILE", "secret")
        .env("PGPASSWORD_FILE", "absent")
        .env("DSENTR_MIGRATE_BOOTSTRAP_LOCALE", "C.UTF-8")
        .run();
    golden("config_bootstrap.txt", &run.text());
    let wrong = [
        "[bootstrap]\nread_only_password = 1\n",
        "[bootstrap]\npassword = { fail = \"s3cret\" }\n",
        "[bootstrap]\nurl = 1\n",
        "[bootstrap]\nurl = \"postgres://h/d?options=x\"\n",
    ];
    let wrong = wrong.map(|file| {
        let run = dsentr(&["config", "--config", "a.toml"]).file("a.toml", file);
        run.run().text()
    });
    golden("config_bootstrap_wrong.txt", &wrong.concat());
}

#[test]
fn every_profile_is_complete_over_the_default() {
    for profile in ["default", "container", "installer", "airgap"] {
        let run = dsentr(&["config", "--profile", profile]).run();
        golden(&format!("config_{profile}.txt"), &run.text());
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let file = |content: &str| dsentr(&["config", "--config", "a.toml"]).file("a.toml", content);
    let runs = [
        file("[databse]\nhost = \"x\"\n"),
        file("[database]\nhots = \"x\"\n"),
        file("[database]\nport = 70000\n"),
        file("[database]\nport = \"5432,x\"\n"),
        file("[lock]\ntimeout = \"soon\"\n"),
        file("[lock]\ntimeout = -1\n"),
        file("[log]\nformat = \"xml\"\n"),
        file("[up]\nstrict = \"yes\"\n"),
        file("[database\nhost = 1\n"),
        file("[[verify.ignore]]\nobject = \"table t\"\nreason = \" \"\n"),
        file("[[verify.ignore]]\nobject = \"table t\"\n"),
        file("[verify]\nignore = [\"table t\"]\n"),
        dsentr(&["config"]).env("DSENTR_MIGRATE_VERIFY_IGNORE", "table t"),
        file("[database]\nurl_file = \"absent\"\n"),
        dsentr(&["config", "--config", "absent.toml"]),
        dsentr(&["config", "--profile", "contaner"]),
        dsentr(&["config"]).env("DSENTR_MIGRATE_DATABSE_HOST", "x"),
        dsentr(&["config"]).env("DSENTR_MIGRATE_UP_STRICT", "yes"),
        dsentr(&["config"]).env("PGPORT", "postgres"),
        dsentr(&["config"]).env("PGSSLMODE", "always"),
        dsentr(&["config"]).env("PGSERVICE", "dsentr"),
        dsentr(&["config", "--log-level", "dsentr_migrate=loud"]),
        dsentr(&["config", "--log-level", "loud"]),
        dsentr(&["status"])
            .env("PGHOST", "a,b")
            .env("PGPORT", "1,2,3"),
        dsentr(&["status"])
            .env("PGHOST", "a,b")
            .env("PGHOSTADDR", "127.0.0.1"),
        dsentr(&["status"]).env("PGHOSTADDR", "localhost"),
        dsentr(&["status", "--output", "json"]),
    ];
    let all: String = runs.into_iter().map(|run| run.run().text()).collect();
    golden("config_wrong.txt", &all);
}

#[test]
fn the_command_line() {
    let mut all = String::new();
    for arguments in [
        &["--help"][..],
        &["up", "--help"],
        &["status", "--help"],
        &["plan", "--help"],
        &["bootstrap", "--help"],
        &["verify", "--help"],
        &["adopt", "--help"],
        &["adopt", "--accept-differences"],
        &["export", "--help"],
        &["config", "--help"],
        &["version", "--help"],
        &["--version"],
        &[],
        &["down"],
        &["up", "--to", "2025_02_30_1"],
        &["up", "--to", "latest"],
        &["up", "--output", "xml"],
    ] {
        all.push_str(&format!(
            "$ dsentr-migrate {}\n{}",
            arguments.join(" "),
            dsentr(arguments).run().text()
        ));
    }
    golden("command_line.txt", &all);
}
