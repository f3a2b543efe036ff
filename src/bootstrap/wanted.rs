//! What is wanted, out of the settings. It asks no server.

use crate::config::{ConfigError, Password, Settings};
use crate::history::quote;

/// PostgreSQL cuts longer names off, and then there is another role or database than was asked for.
const LONGEST_NAME: usize = 63;

/// A role that the migrations grant privileges to, and that nobody logs in as.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) inherits: bool,
}

/// As `2025_10_29_1_harden_permissions` would make them. Made here, the owner needs no CREATEROLE for that step.
pub(super) const GROUPS: [Group; 3] = [
    Group {
        name: APPLICATION,
        inherits: false,
    },
    Group {
        name: "dsentr_owner",
        inherits: true,
    },
    Group {
        name: READ_ONLY,
        inherits: false,
    },
];

const APPLICATION: &str = "dsentr_app";
const READ_ONLY: &str = "dsentr_readonly";

/// What is to be there in the end.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The database.
    pub database: String,
    /// Its locale; none is the cluster's.
    pub locale: Option<String>,
    /// Who owns it.
    pub owner: LoginRole,
    /// Who else logs in, each a member of a group.
    pub members: Vec<Member>,
}

/// A role that somebody logs in as.
#[derive(Debug, Clone)]
pub struct LoginRole {
    /// Its name.
    pub name: String,
    /// Its password; none where the server lets it in by other means.
    pub password: Option<Password>,
}

/// A role that gets its privileges by membership.
#[derive(Debug, Clone)]
pub struct Member {
    /// The role.
    pub role: LoginRole,
    /// The group.
    pub group: &'static str,
}

impl LoginRole {
    /// How it is called among the things that are wanted.
    pub fn object(&self) -> String {
        format!("role {}", shown(&self.name))
    }
}

/// A name as it is shown: plain where it is plain, else as in SQL, so that nobody reads two names for one.
pub fn shown(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    quote(name)
}

impl Wanted {
    /// # Errors
    /// A name is missing or not possible, or stands for two roles.
    pub(super) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let (database, bootstrap) = (&settings.database, &settings.bootstrap);
        let Some(user) = &database.user else {
            return Err(ConfigError::new("no role is named that is to own the database")
                .with_help("set the user in DATABASE_URL, with --user or with PGUSER; the administrator is bootstrap.user"));
        };
        let member = |name: &Option<String>, password: &Option<Password>, group| {
            Some(Member {
                role: LoginRole {
                    name: name.clone()?,
                    password: password.clone(),
                },
                group,
            })
        };
        let application = &bootstrap.application_role;
        let read_only = &bootstrap.read_only_role;
        let wanted = Self {
            database: database.name.clone().unwrap_or_else(|| user.clone()),
            locale: bootstrap.locale.clone(),
            owner: LoginRole {
                name: user.clone(),
                password: database.password.clone(),
            },
            members: [
                member(application, &bootstrap.application_password, APPLICATION),
                member(read_only, &bootstrap.read_only_password, READ_ONLY),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        wanted.check()?;
        Ok(wanted)
    }

    /// Everybody who logs in.
    pub fn login_roles(&self) -> impl Iterator<Item = &LoginRole> {
        let members = self.members.iter().map(|member| &member.role);
        std::iter::once(&self.owner).chain(members)
    }

    /// The groups that no login role stands for itself.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'static Group> {
        let groups = GROUPS.iter();
        groups.filter(|group| self.login_roles().all(|role| role.name != group.name))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let mut names = vec![("database.name", &self.database)];
        names.extend(self.roles_by_key());
        for (key, name) in &names {
            check_length(key, name)?;
        }
        for (at, (key, name)) in names.iter().enumerate().skip(1) {
            let twin = names[1..at].iter().find(|(_, other)| other == name);
            if let Some((other, _)) = twin {
                return Err(ConfigError::new(format!("{other} and {key} name the same role {name:?}"))
                    .with_help("each of them has other privileges: name one role for each, or leave bootstrap.application_role and bootstrap.read_only_role away"));
            }
        }
        self.check_groups()
    }

    /// Each login role with the key that names it.
    fn roles_by_key(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let members = self.members.iter().map(|member| {
            let key = if member.group == APPLICATION {
                "bootstrap.application_role"
            } else {
                "bootstrap.read_only_role"
            };
            (key, &member.role.name)
        });
        std::iter::once(("database.user", &self.owner.name)).chain(members)
    }

    /// A login role may bear the name of its own group, but of no other: it would have the privileges of both.
    fn check_groups(&self) -> Result<(), ConfigError> {
        for (key, name) in self.roles_by_key() {
            let own = match key {
                "bootstrap.application_role" => APPLICATION,
                "bootstrap.read_only_role" => READ_ONLY,
                _ => "dsentr_owner",
            };
            let taken = GROUPS.iter().any(|group| group.name == name && name != own);
            if taken {
                return Err(ConfigError::new(format!(
                    "{key} is {name}, which is the group of other roles"
                ))
                .with_help("name another role"));
            }
        }
        Ok(())
    }
}

fn check_length(key: &str, name: &str) -> Result<(), ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::new(format!("{key} is empty")));
    }
    if name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(ConfigError::new(format!(
        "{key} is longer than the {LONGEST_NAME} bytes that PostgreSQL keeps of a name"
    )))
}
