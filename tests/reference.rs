//! The reference in `docs/` is made from the code, and so says what the code does. `BLESS=1` writes it anew.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use dsentr_migrate::check::{RULES, Rule};
use dsentr_migrate::cli::Cli;
use dsentr_migrate::config::{
    DEFAULT_TABLE_LOCK_TIMEOUT, Environment, KEYS, MOZILLA_ROOTS, PROFILES, REFUSED, SHORT_CUTS,
    SYSTEM_ROOTS, load, variables_of,
};
use dsentr_migrate::error::exit_code;
use support::code::{Part, Source};
use support::document::{assert_made, read, table};

/// The values of a key in each profile: that of `default`, and of the others where it is another.
fn defaults(key: &str) -> String {
    let value = |profile: &str| {
        let environment = Environment::default();
        let config = load(&environment, Vec::new(), None, Some(profile)).expect("a profile loads");
        let origins = config.origins();
        let origin = origins.into_iter().find(|origin| origin.key == key);
        origin.expect("every key has a row").value
    };
    let shown = |value: Option<String>| value.map_or("not set".to_owned(), |v| format!("`{v}`"));
    let (default, others) = PROFILES.split_first().expect("there are profiles");
    let default = value(default.0);
    let others = others.iter().filter_map(|(profile, _)| {
        let value = value(profile);
        (value != default).then(|| format!("{profile}: {}", shown(value)))
    });
    std::iter::once(shown(default.clone()))
        .chain(others)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The flags that give a setting, as the command line itself reads them.
fn flags() -> Vec<(String, String)> {
    let command = Cli::command();
    let up = command.find_subcommand("up").expect("there is up");
    let arguments = command.get_arguments().chain(up.get_arguments());
    let given = arguments.filter_map(|argument| {
        let flag = format!("--{}", argument.get_long()?);
        let mut line = vec!["dsentr-migrate".to_owned(), "up".to_owned(), flag];
        if argument.get_action().takes_values() {
            let words = argument.get_possible_values();
            let word = words.first().map_or("2025_10_11_1", |word| word.get_name());
            line.push(word.to_owned());
        }
        let cli = Cli::try_parse_from(line).ok()?;
        Some(cli.given())
    });
    given
        .flatten()
        .map(|given| (given.key().to_owned(), given.place().to_owned()))
        .collect()
}

/// The variables and flags that give a key, weakest first.
fn ways(key: &str, flags: &[(String, String)]) -> String {
    let flags = flags.iter().filter(|(of, _)| of == key);
    let ways = variables_of(key).into_iter();
    let ways: Vec<String> = ways
        .chain(flags.map(|(_, flag)| flag.clone()))
        .map(|way| format!("`{way}`"))
        .collect();
    if ways.is_empty() {
        return "a settings file alone".to_owned();
    }
    ways.join(", ")
}

/// What a value looks like, by the type that it is read into.
fn form(field: &Part, source: &Source) -> String {
    if let Some(words) = source.words(&field.kind) {
        let words = words.iter().map(|word| format!("`{}`", word.name));
        return words.collect::<Vec<_>>().join(", ");
    }
    let form = match field.kind.as_str() {
        "String" => "text",
        "bool" => "`true`, `false`",
        "Timeout" => "time",
        "Ports" => "port or ports",
        "Password" => "secret",
        "Vec" => "list",
        kind => panic!("{}: nobody has said what a {kind} looks like", field.name),
    };
    form.to_owned()
}

/// What a field says, and the words that it is read from.
fn meaning(field: &Part, source: &Source) -> String {
    let constants = [
        ("SYSTEM_ROOTS", SYSTEM_ROOTS.to_owned()),
        ("MOZILLA_ROOTS", MOZILLA_ROOTS.to_owned()),
        (
            "DEFAULT_TABLE_LOCK_TIMEOUT",
            DEFAULT_TABLE_LOCK_TIMEOUT.to_string(),
        ),
    ];
    let mut says = field.says.clone();
    for (name, value) in constants {
        says = says.replace(&format!("[`{name}`]"), &format!("`{value}`"));
    }
    assert!(!says.contains("[`"), "{}: {says}", field.name);
    let words = source.words(&field.kind).unwrap_or_default();
    // A version needs no words beside its number.
    let words = words.iter().filter(|word| !word.name.ends_with(&word.says));
    let words = words.map(|word| {
        let says = word.says.trim_end_matches('.');
        let (first, rest) = says.split_at(1);
        // An abbreviation stays as it is.
        let first = if rest.starts_with(char::is_lowercase) {
            first.to_lowercase()
        } else {
            first.to_owned()
        };
        format!(" `{}`: {first}{rest}.", word.name)
    });
    says + &words.collect::<String>()
}

#[test]
fn the_settings_are_made_from_their_types() {
    let source = Source::read("src/config/mod.rs").and(Source::read("src/config/bootstrap.rs"));
    let flags = flags();
    let mut made = String::new();
    let mut listed = Vec::new();
    for section in source.fields("Settings") {
        let fields = source.fields(&section.kind);
        let rows = fields.iter().map(|field| {
            let key = format!("{}.{}", section.name, field.name);
            let row = [
                format!("`{key}`"),
                form(field, &source),
                defaults(&key),
                meaning(field, &source),
                ways(&key, &flags),
            ];
            listed.push(key);
            row
        });
        let rows: Vec<_> = rows.collect();
        let heading = ["key", "value", "default", "means", "also given as"];
        let says = &section.says;
        let gap = if made.is_empty() { "" } else { "\n" };
        made += &format!("{gap}### `[{}]`\n\n{says}\n\n", section.name);
        made += &table(heading, &rows);
    }
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(listed, keys, "the fields of the settings are the keys");
    assert_made("docs/settings.md", "src/config", &made);
}

#[test]
fn the_short_cuts_are_those_of_the_code() {
    let flags = flags();
    let rows = SHORT_CUTS
        .iter()
        .map(|(key, _)| [format!("`{key}`"), ways(key, &flags)]);
    let made = table(["key", "also given as"], &rows.collect::<Vec<_>>());
    assert_made("docs/settings.md", "SHORT_CUTS", &made);
}

#[test]
fn the_variables_that_are_refused_are_those_of_the_code() {
    let rows = REFUSED.iter().map(|(variable, harmless, help)| {
        let harmless = harmless.iter().map(|value| format!("`{value}`"));
        let harmless = harmless.collect::<Vec<_>>().join(", ");
        [format!("`{variable}`"), harmless, (*help).to_owned()]
    });
    let heading = ["variable", "harmless values", "what to do instead"];
    let made = table(heading, &rows.collect::<Vec<_>>());
    assert_made("docs/settings.md", "REFUSED", &made);
}

/// What follows a code: its number, what it means, and whether another try is worth it.
fn exit_codes() -> Vec<(u8, String, bool)> {
    let numbers = Source::read("src/error.rs").numbers("exit_code");
    let codes = numbers.iter().map(|code| {
        let number: u8 = code.kind.parse().expect("an exit code");
        let is_worth_it = exit_code::WORTH_ANOTHER_TRY.contains(&number);
        (number, code.says.clone(), is_worth_it)
    });
    codes.collect()
}

#[test]
fn the_exit_codes_are_those_of_the_code() {
    let rows = exit_codes().into_iter().map(|(code, means, is_worth_it)| {
        let again = match (code, is_worth_it) {
            (exit_code::DONE, _) => "",
            (_, true) => "yes",
            (_, false) => "no",
        };
        [code.to_string(), means, again.to_owned()]
    });
    let heading = ["exit code", "means", "worth another try"];
    let made = table(heading, &rows.collect::<Vec<_>>());
    for document in ["README.md", "docs/exit-codes.md"] {
        assert_made(document, "exit_code", &made);
    }
}

/// The codes that a unit does not try again after, and what is said beside each code.
#[test]
fn what_is_said_of_exit_codes_fits_them() {
    let document = read("docs/exit-codes.md");
    let (_, rest) = document
        .split_once("RestartPreventExitStatus=")
        .expect("a unit");
    let shown = rest.lines().next().unwrap_or_default();
    let codes = exit_codes();
    let ends = codes
        .iter()
        .filter(|(code, _, is_worth_it)| *code != 0 && !is_worth_it);
    let ends = ends.map(|(code, ..)| code.to_string()).collect::<Vec<_>>();
    assert_eq!(shown, ends.join(" "));

    let (_, rest) = document
        .split_once("| code | look at | do |\n")
        .expect("a table");
    let rows = rest
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let listed = rows.filter_map(|row| row.split('|').nth(1)?.trim().parse::<u8>().ok());
    assert_eq!(
        listed.collect::<Vec<_>>(),
        codes.iter().map(|(code, ..)| *code).collect::<Vec<_>>()
    );
}

/// The rules that an allowance excuses from, or the others.
fn rules(can_be_allowed: bool) -> String {
    let rules = RULES.iter();
    let rows = rules.filter(|rule| rule.can_be_allowed == can_be_allowed);
    let row = |rule: &Rule| {
        let rule = [&format!("`{}`", rule.name), rule.refuses, rule.fix];
        rule.map(str::to_owned)
    };
    table(
        ["rule", "refuses", "the way out"],
        &rows.map(row).collect::<Vec<_>>(),
    )
}

#[test]
fn the_rules_are_those_of_the_build() {
    assert_made("docs/file-format.md", "RULES", &rules(false));
    assert_made("docs/file-format.md", "HAZARDS", &rules(true));
}

/// What the message of a rule always says, the list says too.
#[test]
fn the_way_out_is_the_one_of_the_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules");
    let mut compared = 0;
    for rule in RULES.iter().filter(|rule| !rule.can_be_allowed) {
        let fixtures = std::fs::read_dir(folder.join(rule.name)).expect("each rule has fixtures");
        let paths = fixtures.map(|entry| entry.expect("a fixture").path());
        let messages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
        let texts = messages.map(|path| std::fs::read_to_string(path).expect("a text"));
        let texts: Vec<String> = texts.collect();
        let lines = texts.iter().flat_map(|text| text.lines());
        let helps: BTreeSet<&str> = lines
            .filter_map(|line| line.trim().strip_prefix("= help: "))
            .collect();
        let [help] = helps.into_iter().collect::<Vec<_>>()[..] else {
            continue;
        };
        // It names the file of the fixture where it knows one.
        if !help.contains("2025_") {
            assert_eq!(help, rule.fix, "{}", rule.name);
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared} were compared");
}

#[test]
fn the_fields_of_the_lock_file_are_those_that_are_read() {
    let seal = Source::read("src/check/seal/mod.rs").fields("Seal");
    let read = Source::read("src/check/seal/read.rs").fields("Block");
    let names = |fields: &[Part]| -> Vec<String> {
        let names = fields
            .iter()
            .map(|field| field.name.replace("stem", "name"));
        names.collect()
    };
    let (mut told, mut known) = (names(&seal), names(&read));
    let rows = told.iter().zip(&seal);
    let rows = rows.map(|(name, field)| [format!("`{name}`"), field.says.clone()]);
    let made = table(["field", "holds"], &rows.collect::<Vec<_>>());
    told.sort();
    known.sort();
    assert_eq!(told, known);
    assert_made("docs/file-format.md", "Seal", &made);
}
