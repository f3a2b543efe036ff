//! The layers of settings, weakest first: built-in profiles, file, environment, flags.
//!
//! Each value is a figment provider of its own whose name is the place it came from; that is
//! how errors and `config` can say it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::password::{FILE, read_secret};
use super::{ConfigError, KEYS, Kind, PROFILES, SHORT_CUTS, conninfo, libpq};

/// Prefix of this program's own variables.
const PREFIX: &str = "DSENTR_MIGRATE_";

/// Variables of this program that are no setting: they choose the layers.
const CHOOSERS: [&str; 2] = ["DSENTR_MIGRATE_CONFIG", "DSENTR_MIGRATE_PROFILE"];

/// The variable by which systemd names the folder of a unit's credentials (`LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The password's name among them.
const CREDENTIAL: &str = "dsentr-migrate.password";

/// Variables of short cuts that other programs read too, weakest first.
const COMMON: [(&str, &str); 3] = [
    ("PGPASSWORD_FILE", "database.password_file"),
    ("DATABASE_URL_FILE", "database.url_file"),
    ("DATABASE_URL", "database.url"),
];

/// The environment variables of the process, taken once, so that everything after is a function of them.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of variables of ours that are not UTF-8.
    unreadable: Vec<String>,
}

impl Environment {
    /// The variables of this process; one that is not UTF-8 is an error only where it would be used.
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) if name.starts_with(PREFIX) || is_of_connection(&name) => {
                    environment.unreadable.push(name);
                }
                Err(_) => {}
            }
        }
        environment
    }

    /// Without the variables that say how a database is reached.
    fn without_connection(&self) -> Self {
        let variables = self.variables.iter();
        let variables = variables.filter(|(name, _)| !is_of_connection(name));
        let unreadable = self.unreadable.iter();
        let unreadable = unreadable.filter(|name| !is_of_connection(name));
        Self {
            variables: variables
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            unreadable: unreadable.cloned().collect(),
        }
    }

    /// The value of a variable; an empty one counts as absent, as in libpq.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The home folder of the user.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            unreadable: Vec::new(),
        }
    }
}

/// Whether a variable says how a database is reached.
fn is_of_connection(name: &str) -> bool {
    [
        "PG",
        "DATABASE_URL",
        "DSENTR_MIGRATE_DATABASE_",
        CREDENTIALS,
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

/// What the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A connection to a database.
    Database,
    /// No connection.
    Nothing,
}

/// One value for one key, and the place it was given in.
#[derive(Debug, Clone)]
pub struct Given {
    key: String,
    value: Value,
    place: String,
}

impl Given {
    /// The key that it is for.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it was given: the name of a flag, a variable or a file.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A value that was given as text: by a flag or a variable.
    pub fn text(key: &str, text: impl Into<String>, place: impl Into<String>) -> Self {
        let text = text.into();
        let kind = KEYS
            .iter()
            .chain(SHORT_CUTS)
            .find(|(name, _)| *name == key)
            .map_or(Kind::Text, |(_, kind)| *kind);
        let value = match (kind, text.as_str()) {
            (Kind::Flag, "true" | "1") => Value::from(true),
            (Kind::Flag, "false" | "0") => Value::from(false),
            _ => Value::from(text),
        };
        Self {
            key: key.to_owned(),
            value,
            place: place.into(),
        }
    }
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// A whole document of settings, and its name.
struct Document {
    dict: Dict,
    place: String,
}

impl Provider for Document {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

/// Lays all layers over each other.
pub(super) fn merge(
    environment: &Environment,
    flags: Vec<Given>,
    file: Option<&str>,
    profile: Option<&str>,
    reach: Reach,
) -> Result<Figment, ConfigError> {
    let offline;
    let (environment, flags) = match reach {
        Reach::Database => (environment, flags),
        Reach::Nothing => {
            offline = environment.without_connection();
            (&offline, without_connection(flags))
        }
    };
    if let Some(name) = environment.unreadable.first() {
        return Err(ConfigError::new(format!(
            "the variable {name} is not UTF-8"
        )));
    }
    let mut figment = built_in("default")?;
    if let Some(profile) = profile.or_else(|| environment.get("DSENTR_MIGRATE_PROFILE")) {
        figment = figment.merge(built_in(profile)?);
    }
    if let Some(path) = file.or_else(|| environment.get("DSENTR_MIGRATE_CONFIG")) {
        figment = merge_file(figment, path, reach)?;
    }
    figment = merge_given(figment, variables(environment)?)?;
    merge_given(figment, flags)
}

fn built_in(profile: &str) -> Result<Figment, ConfigError> {
    let Some((name, text)) = PROFILES.iter().find(|(name, _)| *name == profile) else {
        let names: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
        return Err(ConfigError::new(format!("there is no profile {profile:?}"))
            .with_help(format!("the profiles are {}", names.join(", "))));
    };
    let place = format!("profile {name}");
    let dict = parse_toml(text, &place)?;
    Ok(Figment::from(Document { dict, place }))
}

/// The flags that say something else than how a database is reached, and the one that names it.
fn without_connection(flags: Vec<Given>) -> Vec<Given> {
    let kept = |given: &Given| given.key == "database.name" || !given.key.starts_with("database.");
    flags.into_iter().filter(kept).collect()
}

fn merge_file(figment: Figment, path: &str, reach: Reach) -> Result<Figment, ConfigError> {
    let place = format!("file {path}");
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new(format!("the settings file {path} cannot be read: {error}"))
    })?;
    let mut dict = parse_toml(&text, &place)?;
    if reach == Reach::Nothing {
        dict.remove("database");
    }
    // Short cuts are weaker than the single settings beside them.
    let figment = merge_given(figment, take_short_cuts(&mut dict, &place)?)?;
    Ok(figment.merge(Document { dict, place }))
}

/// In the order given, weakest first; a short cut is opened where it stands.
fn merge_given(mut figment: Figment, given: Vec<Given>) -> Result<Figment, ConfigError> {
    for given in given {
        figment = open(given)?.into_iter().fold(figment, Figment::merge);
    }
    Ok(figment)
}

/// What the TOML parser says is kept without the line it shows: the line may hold a secret.
fn parse_toml(text: &str, place: &str) -> Result<Dict, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = &text[..text.floor_char_boundary(at)];
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|character| *character != '\n')
            .count()
            + 1;
        ConfigError::new(format!(
            "{place}:{line}:{column}: {}",
            error.message().trim().replace('\n', ": ")
        ))
    })
}

fn take_short_cuts(dict: &mut Dict, place: &str) -> Result<Vec<Given>, ConfigError> {
    let mut given = Vec::new();
    for (key, _) in SHORT_CUTS {
        let Some((section, name)) = key.split_once('.') else {
            continue;
        };
        let Some(Value::Dict(_, section)) = dict.get_mut(section) else {
            continue;
        };
        let Some(value) = section.remove(name) else {
            continue;
        };
        if value.as_str().is_none() {
            return Err(ConfigError::new(format!(
                "{key}: expected a string in quotes (in {place})"
            )));
        }
        given.push(Given {
            key: (*key).to_owned(),
            value,
            place: place.to_owned(),
        });
    }
    Ok(given)
}

/// Opens a short cut into the settings that it stands for; any other setting stands for itself.
fn open(given: Given) -> Result<Vec<Given>, ConfigError> {
    let text = given.value.as_str().unwrap_or_default();
    let Given { key, place, .. } = &given;
    let Some((section, name)) = key.split_once('.') else {
        return Ok(vec![given]);
    };
    match name {
        "url" => open_url(section, text, place),
        "url_file" => {
            let url = read_secret(Path::new(text))?;
            open_url(section, &url, &format!("{place} in {text}"))
        }
        name if name.ends_with("password_file") => Ok(vec![Given {
            key: key.trim_end_matches("_file").to_owned(),
            value: Value::from(Dict::from([(FILE.to_owned(), Value::from(text))])),
            place: format!("{place} in {text}"),
        }]),
        _ => Ok(vec![given]),
    }
}

/// Into the keys of a section, `database` or `bootstrap`.
fn open_url(section: &str, text: &str, place: &str) -> Result<Vec<Given>, ConfigError> {
    let known = libpq::keys_of(section);
    let parameters = conninfo::parse(text).map_err(|error| ConfigError {
        message: format!("{} (in {place})", error.message),
        ..error
    })?;
    parameters
        .into_iter()
        .map(|(name, value)| {
            let key = known.iter().find(|(known, _)| *known == name);
            let (_, key) = key.ok_or_else(|| unknown_parameter(&name, &known, place))?;
            Ok(Given::text(key, value, place))
        })
        .collect()
}

fn unknown_parameter(name: &str, known: &[(&str, &str)], place: &str) -> ConfigError {
    let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    ConfigError::new(format!(
        "the parameter {name:?} of the connection string is not known (in {place})"
    ))
    .with_help(format!("known are {}", known.join(", ")))
}

/// Variables, weakest first: systemd's, libpq's own, `DATABASE_URL`, this program's.
fn variables(environment: &Environment) -> Result<Vec<Given>, ConfigError> {
    refuse_unserved(environment)?;
    refuse_unknown(environment)?;
    let mut given = Vec::from_iter(credential(environment));
    given.extend(libpq::PARAMETERS.iter().filter_map(|(_, variable, key)| {
        Some(Given::text(key, environment.get(variable)?, *variable))
    }));
    for (variable, key) in COMMON {
        given.extend(
            environment
                .get(variable)
                .map(|value| Given::text(key, value, variable)),
        );
    }
    for (key, _) in SHORT_CUTS.iter().chain(KEYS) {
        // A list was refused before.
        let variable = variable_of(key);
        given.extend(
            environment
                .get(&variable)
                .map(|value| Given::text(key, value, variable.clone())),
        );
    }
    Ok(given)
}

/// The password among a unit's credentials. A unit may be given others, and none, so that it need not be there.
fn credential(environment: &Environment) -> Option<Given> {
    let path = Path::new(environment.get(CREDENTIALS)?).join(CREDENTIAL);
    let key = "database.password_file";
    path.exists()
        .then(|| Given::text(key, path.to_string_lossy(), CREDENTIALS))
}

/// What libpq would do for a variable and this program does not.
fn refuse_unserved(environment: &Environment) -> Result<(), ConfigError> {
    let asks = |variable: &str, harmless: &[&str]| {
        environment
            .get(variable)
            .is_some_and(|value| !harmless.contains(&value))
    };
    let refused = libpq::REFUSED
        .iter()
        .find(|(variable, harmless, _)| asks(variable, harmless));
    let Some((variable, _, help)) = refused else {
        return Ok(());
    };
    let message =
        format!("the variable {variable} is set, and this program does not do what it asks for");
    Err(ConfigError::new(message).with_help(*help))
}

/// The variables that give a key of [`KEYS`] or [`SHORT_CUTS`], weakest first.
pub fn variables_of(key: &str) -> Vec<String> {
    let libpq = libpq::PARAMETERS.iter();
    let libpq = libpq.map(|(_, variable, key)| (*variable, *key));
    let known = libpq.chain(COMMON).filter(|(_, of)| *of == key);
    let mut variables: Vec<String> = known.map(|(variable, _)| variable.to_owned()).collect();
    let is_list = |(of, kind): &(&str, Kind)| *of == key && *kind == Kind::List;
    if !KEYS.iter().any(is_list) {
        variables.push(variable_of(key));
    }
    variables
}

fn variable_of(key: &str) -> String {
    let letter = |letter: char| match letter {
        '.' => '_',
        letter => letter.to_ascii_uppercase(),
    };
    // Of every setting in every run: one piece of memory, not three.
    let mut variable = String::with_capacity(PREFIX.len() + key.len());
    variable.push_str(PREFIX);
    variable.extend(key.chars().map(letter));
    variable
}

/// A mistyped variable would be silence where a setting was meant.
fn refuse_unknown(environment: &Environment) -> Result<(), ConfigError> {
    let mut ours = environment
        .variables
        .keys()
        .filter(|name| name.starts_with(PREFIX) && !CHOOSERS.contains(&name.as_str()))
        .peekable();
    if ours.peek().is_none() {
        return Ok(());
    }
    let known: Vec<String> = KEYS
        .iter()
        .chain(SHORT_CUTS)
        .filter(|(_, kind)| *kind != Kind::List)
        .map(|(key, _)| variable_of(key))
        .collect();
    let Some(name) = ours.find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let mut lists = KEYS.iter().filter(|(_, kind)| *kind == Kind::List);
    if let Some((key, _)) = lists.find(|(key, _)| variable_of(key) == *name) {
        return Err(ConfigError::new(format!(
            "the variable {name} is set, and {key} is a list, which a variable cannot hold"
        ))
        .with_help(format!("write it into a settings file, as [[{key}]]")));
    }
    let nearest = known
        .iter()
        .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
    let error = ConfigError::new(format!("the variable {name} is no setting of this program"));
    Err(match nearest {
        Some(nearest) => error.with_help(format!("did you mean {nearest}?")),
        None => error,
    })
}

/// A value as `config` shows it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map_or_else(|| format!("{number:?}"), |number| number.to_string()),
        // Of an object, what it is about.
        Value::Array(_, values) => values.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Dict(_, dict) if dict.contains_key("object") => show(&dict["object"]),
        other => format!("{other:?}"),
    }
}
