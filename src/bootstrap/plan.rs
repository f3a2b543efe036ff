//! What is absent, and how it is made, in order: a pure function of what is wanted and what is there.

use std::fmt;

use super::look::{Inside, Role, Schema, Server};
use super::read_only;
use super::wanted::{Member, shown};
use super::{LoginRole, Wanted};
use crate::history::quote;
use crate::lock::ReadOnly;
use crate::schema::literal;

/// From this version on the schema public belongs to whoever owns the database.
const PUBLIC_IS_THE_OWNERS: u32 = 15;

/// From this version on a membership says itself what it is good for.
const GRANTS_HAVE_OPTIONS: u32 = 16;

/// What is known of the inside of the database.
pub(super) enum Known {
    /// Nothing is in it yet.
    New,
    /// It was looked into.
    Seen(Inside),
    /// It does not let the administrator in.
    Unseen,
}

/// Everything that is wanted, in the order in which it is made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One thing each.
    pub items: Vec<Item>,
    /// Whether the database is there and does not let the administrator in yet: the first steps change that.
    pub is_unseen: bool,
    /// Why nothing could be made here now.
    pub read_only: Option<ReadOnly>,
}

impl Plan {
    /// What is absent.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.items.iter().filter_map(|item| match &item.state {
            State::Absent(step) => Some((item.object.as_str(), step)),
            State::There | State::Left(_) => None,
        })
    }
}

/// One thing that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is, such as `role "dsentr"`.
    pub object: String,
    /// How it stands.
    pub state: State,
}

/// How a thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is there.
    There,
    /// It is not there, and this makes it.
    Absent(Step),
    /// It is not quite as wanted, may not be changed by this administrator, and does not stand in the way.
    Left(Left),
}

/// What is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// How it is.
    pub reason: String,
    /// Where somebody else could change that.
    pub place: Place,
    /// And with what statement.
    pub sql: String,
}

/// Where a statement belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Any database of the server.
    Server,
    /// The database that is wanted.
    Inside,
}

/// How a thing is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// As which role, if not as the administrator.
    pub owner: Option<String>,
    /// The statement, without a password.
    pub sql: String,
    /// The role whose password is added to it.
    pub login_role: Option<String>,
}

impl Step {
    fn new(place: Place, sql: String) -> Self {
        Self {
            place,
            owner: None,
            sql,
            login_role: None,
        }
    }

    fn of(self, owner: &str) -> Self {
        Self {
            owner: Some(owner.to_owned()),
            ..self
        }
    }

    /// The statement as somebody else has to run it.
    pub(super) fn for_somebody_else(&self, database: &str) -> String {
        in_place(self.place, database, &self.sql)
    }
}

/// Why what is wanted cannot be reached. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is so.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether something is there, and is not as wanted; else the administrator lacks a right.
    pub is_difference: bool,
}

impl Obstacle {
    fn difference(what: String, remedy: String) -> Self {
        Self {
            what,
            remedy,
            is_difference: true,
        }
    }

    /// The administrator may not; a superuser may, with this.
    pub(super) fn forbidden(what: String, statement: &str) -> Self {
        Self::refused(what, format!("have a superuser run: {statement}"))
    }

    /// The server does not do it.
    pub(super) fn refused(what: String, remedy: String) -> Self {
        Self {
            what,
            remedy,
            is_difference: false,
        }
    }
}

/// All that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible(pub Vec<Obstacle>);

impl Impossible {
    /// Whether something is there, and is not as wanted.
    pub fn has_difference(&self) -> bool {
        self.0.iter().any(|obstacle| obstacle.is_difference)
    }
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => f.write_str(&one.what),
            all => {
                f.write_str("what is wanted cannot be made here")?;
                all.iter()
                    .try_for_each(|obstacle| write!(f, "\n  {}", obstacle.what))
            }
        }
    }
}

impl std::error::Error for Impossible {}

/// What is absent, or all that stands in the way.
pub(super) fn plan(wanted: &Wanted, server: &Server, known: &Known) -> Result<Plan, Impossible> {
    let mut planner = Planner {
        wanted,
        server,
        items: Vec::new(),
        obstacles: Vec::new(),
    };
    planner.roles();
    let (schema, extension) = planner.inside(known);
    let acts_as_owner = [&schema, &extension]
        .into_iter()
        .any(|item| item.as_ref().is_some_and(is_of_owner));
    planner.admission(acts_as_owner);
    planner.database();
    planner.memberships();
    planner.items.extend(schema.into_iter().chain(extension));
    if !planner.obstacles.is_empty() {
        return Err(Impossible(planner.obstacles));
    }
    Ok(Plan {
        items: planner.items,
        is_unseen: matches!(known, Known::Unseen),
        read_only: read_only(server.is_standby, server.is_read_only),
    })
}

fn is_of_owner(item: &Item) -> bool {
    matches!(&item.state, State::Absent(step) if step.owner.is_some())
}

struct Planner<'a> {
    wanted: &'a Wanted,
    server: &'a Server,
    items: Vec<Item>,
    obstacles: Vec<Obstacle>,
}

impl Planner<'_> {
    fn roles(&mut self) {
        self.login_role(&self.wanted.owner);
        for group in self.wanted.groups() {
            let inherits = if group.inherits {
                "INHERIT"
            } else {
                "NOINHERIT"
            };
            let sql = format!("CREATE ROLE {} NOLOGIN {inherits}", quote(group.name));
            self.role(group.name, Step::new(Place::Server, sql));
        }
        for Member { role, .. } in &self.wanted.members {
            self.login_role(role);
        }
    }

    fn login_role(&mut self, role: &LoginRole) {
        let name = quote(&role.name);
        if self.found(&role.name).is_some_and(|role| !role.logs_in) {
            self.obstacles.push(Obstacle::difference(
                format!("{} is there and may not log in", role.object()),
                format!("name another role, or have it run: ALTER ROLE {name} LOGIN"),
            ));
        }
        let step = Step::new(Place::Server, format!("CREATE ROLE {name} LOGIN"));
        let login_role = role.password.is_some().then(|| role.name.clone());
        self.role(&role.name, Step { login_role, ..step });
    }

    fn role(&mut self, name: &str, step: Step) {
        let object = format!("role {}", shown(name));
        if self.found(name).is_some() {
            return self.item(object, State::There);
        }
        if self.server.admin.creates_roles {
            return self.item(object, State::Absent(step));
        }
        self.forbidden(&object, &step);
    }

    /// What the administrator needs to make a database for the owner, and to act as the owner in it.
    fn admission(&mut self, acts_as_owner: bool) {
        let (admin, owner) = (&self.server.admin, &self.wanted.owner.name);
        if admin.is_superuser || admin.name == *owner {
            return;
        }
        let found = self.found(owner);
        let object = membership(&admin.name, owner);
        if found.is_some_and(|role| role.is_taken_on) {
            return self.item(object, State::There);
        }
        let database = self.server.database.as_ref();
        // Where the owner is not to become, the database's own obstacle says more.
        let is_needed = acts_as_owner || database.is_none_or(|database| !database.lets_in);
        if !is_needed || database.is_some_and(|database| !database.is_owned) {
            return;
        }
        let step = self.grant(owner, &admin.name);
        // A new role is the administrator's to grant.
        if found.is_none_or(|role| role.is_grantable) {
            return self.item(object, State::Absent(step));
        }
        self.forbidden(&object, &step);
    }

    fn grant(&self, group: &str, member: &str) -> Step {
        let options = if self.server.major >= GRANTS_HAVE_OPTIONS {
            " WITH INHERIT TRUE, SET TRUE"
        } else {
            ""
        };
        let sql = format!("GRANT {} TO {}{options}", quote(group), quote(member));
        Step::new(Place::Server, sql)
    }

    fn database(&mut self) {
        let name = quote(&self.wanted.database);
        let object = format!("database {}", shown(&self.wanted.database));
        if self.server.database.is_some() {
            self.differences();
            return self.item(object, State::There);
        }
        let locale = self.wanted.locale.as_deref().map(literal);
        let locale = locale.map(|locale| format!(" LOCALE {locale}"));
        let sql = format!(
            "CREATE DATABASE {name} OWNER {} ENCODING 'UTF8' TEMPLATE template0{}",
            quote(&self.wanted.owner.name),
            locale.unwrap_or_default()
        );
        let step = Step::new(Place::Server, sql);
        if self.server.admin.creates_databases {
            return self.item(object, State::Absent(step));
        }
        self.forbidden(&object, &step);
    }

    /// What an existing database has that cannot be changed, or is not ours to change.
    fn differences(&mut self) {
        let Some(found) = &self.server.database else {
            return;
        };
        let name = quote(&self.wanted.database);
        let owner = quote(&self.wanted.owner.name);
        let shown_owner = shown(&self.wanted.owner.name);
        let mut differ = |what: String, remedy: String| {
            self.obstacles.push(Obstacle::difference(
                format!(
                    "database {} is there and {what}",
                    shown(&self.wanted.database)
                ),
                remedy,
            ));
        };
        let another = "name another database, or have this one dumped, made anew and restored";
        if found.encoding != "UTF8" {
            let encoding = &found.encoding;
            differ(
                format!("has the encoding {encoding}, not UTF8"),
                another.to_owned(),
            );
        }
        if let Some(locale) = &self.wanted.locale {
            for (kind, is) in [
                ("collation", &found.collation),
                ("character type", &found.character_type),
            ] {
                if !is_same_locale(is, locale) {
                    differ(
                        format!("has the {kind} {is}, not {locale}"),
                        format!("leave bootstrap.locale away, or {another}"),
                    );
                }
            }
        }
        if !found.is_owned {
            let is = shown(&found.owner);
            differ(
                format!("belongs to {is}, not to {shown_owner}"),
                format!(
                    "set database.user to {is}, or have it run: ALTER DATABASE {name} OWNER TO {owner}"
                ),
            );
        }
        if !found.takes_connections {
            differ(
                "takes no connections".to_owned(),
                format!("have it run: ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
            );
        }
    }

    fn memberships(&mut self) {
        for Member { role, group } in &self.wanted.members {
            if role.name != *group {
                self.membership(&role.name, group);
            }
        }
    }

    fn membership(&mut self, name: &str, group: &str) {
        let object = membership(name, group);
        let mut members = self.server.members.iter();
        let found = members.find(|one| one.member == name && one.group == group);
        let step = self.grant(group, name);
        let has_options = self.server.major >= GRANTS_HAVE_OPTIONS;
        // Before there were options, the role's own attribute decided.
        let would_inherit = has_options || self.found(name).is_none_or(|role| role.inherits);
        if found.is_some_and(|found| found.is_inherited) {
            return self.item(object, State::There);
        }
        if found.is_some() || !would_inherit {
            let remedy = if has_options {
                step.sql
            } else {
                format!("ALTER ROLE {} INHERIT", quote(name))
            };
            self.obstacles.push(Obstacle::difference(
                format!(
                    "role {} is there and does not inherit the privileges of {group}",
                    shown(name)
                ),
                format!("name another role, or have it run: {remedy}"),
            ));
            return;
        }
        if self.found(group).is_none_or(|group| group.is_grantable) {
            return self.item(object, State::Absent(step));
        }
        self.forbidden(&object, &step);
    }

    /// Schema and extension, which are made at the end.
    fn inside(&mut self, known: &Known) -> (Option<Item>, Option<Item>) {
        let new;
        let is_new = matches!(known, Known::New);
        let inside = match known {
            Known::Seen(inside) => inside,
            Known::New => {
                new = self.as_made_anew();
                &new
            }
            Known::Unseen => {
                self.unseen();
                return (None, None);
            }
        };
        let schema = self.schema(inside.schema.as_ref());
        // What comes with the database is not there yet.
        let schema = schema.filter(|item| !is_new || item.state != State::There);
        (schema, self.extension(inside))
    }

    /// What a database has that was made just now.
    fn as_made_anew(&self) -> Inside {
        let is_owned = self.server.major >= PUBLIC_IS_THE_OWNERS;
        Inside {
            has_extension: false,
            schema: Some(Schema {
                owner: "the superuser who made the cluster".to_owned(),
                is_untouched: true,
                is_owned,
                is_usable: true,
                is_grantable: self.server.admin.is_superuser,
            }),
        }
    }

    /// Where the administrator is about to become the owner, the next look sees inside.
    fn unseen(&mut self) {
        let name = shown(&self.wanted.database);
        let Some(found) = &self.server.database else {
            return;
        };
        let owner = self.found(&self.wanted.owner.name);
        let will_be_let_in = !owner.is_some_and(|role| role.is_taken_on);
        if !found.takes_connections || !found.is_owned || found.lets_in || will_be_let_in {
            return;
        }
        let admin = shown(&self.server.admin.name);
        self.obstacles.push(Obstacle::forbidden(
            format!("database {name} does not let {admin} in"),
            &format!(
                "GRANT CONNECT ON DATABASE {} TO {}",
                quote(&self.wanted.database),
                quote(&self.server.admin.name)
            ),
        ));
    }

    fn schema(&mut self, found: Option<&Schema>) -> Option<Item> {
        let owner = &self.wanted.owner.name;
        let object = "schema public".to_owned();
        let Some(found) = found else {
            let step = Step::new(Place::Inside, "CREATE SCHEMA public".to_owned()).of(owner);
            return Some(Item {
                object,
                state: State::Absent(step),
            });
        };
        if found.is_owned {
            return Some(Item {
                object,
                state: State::There,
            });
        }
        let hand_over = format!("ALTER SCHEMA public OWNER TO {}", quote(owner));
        if found.is_untouched && self.server.admin.is_superuser {
            return Some(Item {
                object,
                state: State::Absent(Step::new(Place::Inside, hand_over)),
            });
        }
        if found.is_usable {
            let reason = format!(
                "belongs to {}, so what PUBLIC may do in it stays as it is",
                found.owner
            );
            return Some(Item {
                object,
                state: State::Left(Left {
                    reason,
                    place: Place::Inside,
                    sql: hand_over,
                }),
            });
        }
        let sql = format!("GRANT USAGE, CREATE ON SCHEMA public TO {}", quote(owner));
        let step = Step::new(Place::Inside, sql);
        if found.is_grantable {
            return Some(Item {
                object,
                state: State::Absent(step),
            });
        }
        let what = format!(
            "{} may make nothing in schema public, which belongs to {}",
            shown(owner),
            shown(&found.owner)
        );
        let statement = step.for_somebody_else(&self.wanted.database);
        self.obstacles.push(Obstacle::forbidden(what, &statement));
        None
    }

    fn extension(&mut self, inside: &Inside) -> Option<Item> {
        let object = "extension pgcrypto".to_owned();
        if inside.has_extension {
            return Some(Item {
                object,
                state: State::There,
            });
        }
        let step = Step::new(
            Place::Inside,
            "CREATE EXTENSION pgcrypto WITH SCHEMA public".to_owned(),
        );
        let step = match self.server.extension_is_trusted {
            None => {
                self.obstacles.push(Obstacle {
                    what: "the server does not have the extension pgcrypto".to_owned(),
                    remedy:
                        "install its package on the server (postgresql-contrib), then run it again"
                            .to_owned(),
                    is_difference: false,
                });
                return None;
            }
            Some(true) => step.of(&self.wanted.owner.name),
            Some(false) if self.server.admin.is_superuser => step,
            Some(false) => {
                self.forbidden(&object, &step);
                return None;
            }
        };
        Some(Item {
            object,
            state: State::Absent(step),
        })
    }

    fn item(&mut self, object: String, state: State) {
        self.items.push(Item { object, state });
    }

    fn forbidden(&mut self, object: &str, step: &Step) {
        self.obstacles.push(Obstacle::forbidden(
            format!(
                "{object} is absent, and {} may not make it",
                shown(&self.server.admin.name)
            ),
            &step.for_somebody_else(&self.wanted.database),
        ));
    }

    fn found(&self, name: &str) -> Option<Role> {
        self.server.roles.get(name).copied()
    }
}

fn membership(member: &str, group: &str) -> String {
    format!("membership of {} in {}", shown(member), shown(group))
}

fn in_place(place: Place, database: &str, sql: &str) -> String {
    match place {
        Place::Server => sql.to_owned(),
        Place::Inside => format!("{sql} (in database {})", shown(database)),
    }
}

/// Operating systems spell one locale in several ways: `de_DE.UTF-8`, `de_DE.utf8`.
fn is_same_locale(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let (language, codeset) = name.split_once('.').unwrap_or((name, ""));
        let codeset = codeset.to_ascii_lowercase().replace('-', "");
        (language.to_owned(), codeset)
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::look::{Admin, Database, Membership};
    use super::*;

    fn login(name: &str) -> LoginRole {
        LoginRole {
            name: name.to_owned(),
            password: None,
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            database: "db".to_owned(),
            locale: None,
            owner: login("owner"),
            members: vec![Member {
                role: login("app"),
                group: "dsentr_app",
            }],
        }
    }

    /// A new server, and an administrator who may do what the word says: `super`, `both`, `none`.
    fn server(major: u32, may: &str) -> Server {
        Server {
            admin: Admin {
                name: "admin".to_owned(),
                is_superuser: may == "super",
                creates_roles: may != "none",
                creates_databases: may != "none",
            },
            major,
            is_standby: false,
            is_read_only: false,
            extension_is_trusted: Some(true),
            roles: BTreeMap::new(),
            members: Vec::new(),
            database: None,
        }
    }

    fn with_roles(mut server: Server, is_grantable: bool) -> Server {
        for name in [
            "owner",
            "app",
            "dsentr_app",
            "dsentr_owner",
            "dsentr_readonly",
        ] {
            let role = Role {
                logs_in: !name.starts_with("dsentr"),
                inherits: true,
                is_grantable,
                is_taken_on: server.admin.is_superuser,
            };
            server.roles.insert(name.to_owned(), role);
        }
        server
    }

    fn with_database(mut server: Server) -> Server {
        server.members.push(Membership {
            member: "app".to_owned(),
            group: "dsentr_app".to_owned(),
            is_inherited: true,
        });
        server.database = Some(Database {
            owner: "owner".to_owned(),
            is_owned: true,
            encoding: "UTF8".to_owned(),
            collation: "C".to_owned(),
            character_type: "C".to_owned(),
            takes_connections: true,
            lets_in: true,
        });
        server
    }

    fn inside() -> Inside {
        Inside {
            has_extension: true,
            schema: Some(Schema {
                owner: "owner".to_owned(),
                is_untouched: false,
                is_owned: true,
                is_usable: true,
                is_grantable: false,
            }),
        }
    }

    /// A line a thing: what is to be done with it, or what is in the way.
    fn told(server: &Server, known: &Known) -> String {
        told_of(&wanted(), server, known)
    }

    fn told_of(wanted: &Wanted, server: &Server, known: &Known) -> String {
        match plan(wanted, server, known) {
            Ok(plan) => plan.items.iter().map(line).collect(),
            Err(obstacles) => {
                let obstacles = obstacles.0.iter();
                obstacles
                    .map(|one| format!("! {} / {}\n", one.what, one.remedy))
                    .collect()
            }
        }
    }

    fn line(item: &Item) -> String {
        match &item.state {
            State::There => format!("= {}\n", item.object),
            State::Left(left) => format!("~ {}: {}\n", item.object, left.reason),
            State::Absent(step) => {
                let owner = step.owner.as_deref();
                let who = owner.map(|owner| format!(" as {owner}"));
                format!("+ {}{}\n", step.sql, who.unwrap_or_default())
            }
        }
    }

    const ROLES: &str = "+ CREATE ROLE \"owner\" LOGIN
+ CREATE ROLE \"dsentr_app\" NOLOGIN NOINHERIT
+ CREATE ROLE \"dsentr_owner\" NOLOGIN INHERIT
+ CREATE ROLE \"dsentr_readonly\" NOLOGIN NOINHERIT
+ CREATE ROLE \"app\" LOGIN
";
    const DATABASE: &str =
        "+ CREATE DATABASE \"db\" OWNER \"owner\" ENCODING 'UTF8' TEMPLATE template0\n";
    const EXTENSION: &str = "+ CREATE EXTENSION pgcrypto WITH SCHEMA public as owner\n";
    const THERE: &str = "= role owner
= role dsentr_app
= role dsentr_owner
= role dsentr_readonly
= role app
";

    #[test]
    fn on_a_new_server_everything_is_made() {
        let member = "+ GRANT \"dsentr_app\" TO \"app\"";
        let hand_over = "+ ALTER SCHEMA public OWNER TO \"owner\"\n";
        assert_eq!(
            told(&server(14, "super"), &Known::New),
            format!("{ROLES}{DATABASE}{member}\n{hand_over}{EXTENSION}")
        );
        assert_eq!(
            told(&server(15, "both"), &Known::New),
            format!("{ROLES}+ GRANT \"owner\" TO \"admin\"\n{DATABASE}{member}\n{EXTENSION}")
        );
        let options = " WITH INHERIT TRUE, SET TRUE\n";
        assert_eq!(
            told(&server(16, "both"), &Known::New),
            format!(
                "{ROLES}+ GRANT \"owner\" TO \"admin\"{options}{DATABASE}{member}{options}{EXTENSION}"
            )
        );
        let left = "~ schema public: belongs to the superuser who made the cluster, so what PUBLIC may do in it stays as it is\n";
        assert!(told(&server(14, "both"), &Known::New).contains(left));
    }

    #[test]
    fn where_everything_is_there_nothing_is_done_and_no_right_is_needed() {
        let server = with_database(with_roles(server(16, "none"), false));
        let rest = "= database db
= membership of app in dsentr_app
= schema public
= extension pgcrypto
";
        assert_eq!(
            told(&server, &Known::Seen(inside())),
            format!("{THERE}{rest}")
        );
    }

    #[test]
    fn what_the_administrator_may_not_is_told_with_the_statement() {
        let lacking = told(&server(16, "none"), &Known::New);
        assert_eq!(lacking.lines().count(), 6, "{lacking}");
        let server = with_roles(server(16, "both"), false);
        assert_eq!(
            told(&server, &Known::New),
            "! membership of admin in owner is absent, and admin may not make it / have a superuser run: GRANT \"owner\" TO \"admin\" WITH INHERIT TRUE, SET TRUE
! membership of app in dsentr_app is absent, and admin may not make it / have a superuser run: GRANT \"dsentr_app\" TO \"app\" WITH INHERIT TRUE, SET TRUE
"
        );
    }

    #[test]
    fn an_extension_that_is_not_trusted_needs_a_superuser() {
        let absent = || {
            Known::Seen(Inside {
                has_extension: false,
                ..inside()
            })
        };
        let untrusted = |may, trusted| {
            let server = with_database(with_roles(server(13, may), true));
            Server {
                extension_is_trusted: trusted,
                ..server
            }
        };
        let by_superuser = told(&untrusted("super", Some(false)), &absent());
        assert!(
            by_superuser.ends_with("+ CREATE EXTENSION pgcrypto WITH SCHEMA public\n"),
            "{by_superuser}"
        );
        assert_eq!(
            told(&untrusted("both", Some(false)), &absent()),
            "! extension pgcrypto is absent, and admin may not make it / have a superuser run: CREATE EXTENSION pgcrypto WITH SCHEMA public (in database db)\n"
        );
        assert_eq!(
            told(&untrusted("super", None), &absent()),
            "! the server does not have the extension pgcrypto / install its package on the server (postgresql-contrib), then run it again\n"
        );
    }

    #[test]
    fn a_role_that_would_not_inherit_is_told_before_it_is_made_a_member() {
        let reluctant = |major| {
            let mut server = with_roles(server(major, "super"), true);
            server.roles.get_mut("app").expect("it is there").inherits = false;
            told(&server, &Known::New)
        };
        assert_eq!(
            reluctant(15),
            "! role app is there and does not inherit the privileges of dsentr_app / name another role, or have it run: ALTER ROLE \"app\" INHERIT\n"
        );
        assert!(reluctant(16).contains("+ GRANT \"dsentr_app\" TO \"app\" WITH INHERIT TRUE"));
    }

    #[test]
    fn a_login_role_may_stand_for_its_group() {
        let wanted = Wanted {
            owner: login("dsentr_owner"),
            members: vec![Member {
                role: login("dsentr_app"),
                group: "dsentr_app",
            }],
            ..wanted()
        };
        assert_eq!(
            told_of(&wanted, &server(15, "super"), &Known::New),
            "+ CREATE ROLE \"dsentr_owner\" LOGIN
+ CREATE ROLE \"dsentr_readonly\" NOLOGIN NOINHERIT
+ CREATE ROLE \"dsentr_app\" LOGIN
+ CREATE DATABASE \"db\" OWNER \"dsentr_owner\" ENCODING 'UTF8' TEMPLATE template0
+ CREATE EXTENSION pgcrypto WITH SCHEMA public as dsentr_owner
"
        );
    }

    #[test]
    fn a_locale_has_many_spellings() {
        assert!(is_same_locale("de_DE.UTF-8", "de_DE.utf8"));
        assert!(!is_same_locale("de_DE.UTF-8", "de_AT.UTF-8"));
        assert!(!is_same_locale("C", "C.UTF-8"));
    }
}
