//! From what differs to the statements, in their order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::kind::{self, Kind, Named};
use super::mention::{Mentions, own, words};
use super::order::{Node, ordered};
use super::step::{Change, Made, Place, Step};
use super::{Gap, Ground, Repair, Site, Statement, column, constraint, grant, table};
use crate::schema::{Difference, Objects, above, seen_by, tokens};

/// What is dropped and created again where something that it depends on changes: it holds no data.
const DEPENDENTS: [&str; 5] = [
    "view ",
    "materialized view ",
    "trigger ",
    "rule ",
    "policy ",
];

/// What is to be done about one object.
#[derive(Default)]
struct Task {
    /// As it is, where it is dropped.
    dropped: Option<String>,
    /// As it is to be created.
    created: Option<String>,
    /// Alterations.
    altered: Option<Made>,
    /// Why none of it is to be run without a look at it.
    hazard: Option<String>,
}

/// All that is to be done.
struct Work<'a> {
    site: Site<'a>,
    mentions: Mentions<'a>,
    /// The parts of each object, as sealed.
    parts: HashMap<String, Vec<String>>,
    /// The parts of each object, as they are.
    live_parts: HashMap<String, Vec<String>>,
    tasks: BTreeMap<String, Task>,
    gaps: Vec<Gap>,
}

/// The statements that bring the live schema to the sealed one.
pub fn repair<'s>(
    ground: Ground<'_>,
    sealed: impl IntoIterator<Item = (&'s str, &'s str)>,
    differences: &[Difference],
) -> Repair {
    let owner = &ground.live.owner;
    let seen = sealed
        .into_iter()
        .filter_map(|(object, definition)| seen_by(owner, object, definition))
        .map(|(object, definition)| (object.into_owned(), definition.into_owned()));
    let expected: Objects = seen.collect();
    let mut work = Work {
        site: Site {
            expected: &expected,
            live: &ground.live.objects,
            owner,
            database: ground.database,
            major: ground.major,
            fresh: BTreeSet::new(),
            created: BTreeSet::new(),
        },
        mentions: Mentions::of(&ground.live.objects),
        parts: parts(&expected),
        live_parts: parts(&ground.live.objects),
        tasks: BTreeMap::new(),
        gaps: Vec::new(),
    };
    work.take(differences);
    work.leave_out_parts();
    work.find_blockers();
    let is_owner = *owner == ground.role || *owner == crate::history::quote(ground.role);
    work.statements(!is_owner)
}

fn parts(objects: &Objects) -> HashMap<String, Vec<String>> {
    let mut parts: HashMap<String, Vec<String>> = HashMap::new();
    for object in objects.keys() {
        let of = |object: &str| objects.get(object).map(String::as_str);
        let mut wholes = above(object, of);
        while let Some(whole) = wholes.pop() {
            // What is in between may be no object, such as the column of a view.
            if !objects.contains_key(&whole) {
                wholes.extend(above(&whole, of));
            }
            parts.entry(whole).or_default().push(object.clone());
        }
    }
    parts
}

impl Work<'_> {
    fn take(&mut self, differences: &[Difference]) {
        for difference in differences {
            if let Difference::Absent { object, expected } = difference {
                self.create(object, expected.clone(), None);
            }
        }
        for difference in differences {
            match difference {
                Difference::Absent { .. } => {}
                Difference::Extra { object, found } => self.drop(object, found),
                Difference::Different {
                    object,
                    expected,
                    found,
                } => {
                    self.alter(object, expected, found);
                }
            }
        }
    }

    /// What goes with an object that is dropped needs no statement of its own.
    fn leave_out_parts(&mut self) {
        let dropped = self.tasks.iter().filter(|(_, task)| task.dropped.is_some());
        let dropped: BTreeSet<String> = dropped.map(|(object, _)| object.clone()).collect();
        let live = self.site.live;
        self.tasks.retain(|object, task| {
            task.created.is_some()
                || !wholes(live, object)
                    .iter()
                    .any(|whole| dropped.contains(whole))
        });
    }

    fn known(&mut self, object: &str) -> Option<&'static Kind> {
        if let Some((kind, _)) = kind::of(object) {
            return Some(kind);
        }
        self.gap(
            object,
            "no SQL is generated for objects of its kind".to_owned(),
        );
        None
    }

    fn gap(&mut self, object: &str, reason: String) {
        let object = object.to_owned();
        self.gaps.push(Gap { object, reason });
    }

    /// With all its parts.
    fn create(&mut self, object: &str, text: String, hazard: Option<&str>) {
        if self.known(object).is_none() {
            return;
        }
        if !self.is_within(object) && self.goes_with_parent(object, &text) {
            return;
        }
        let task = self.tasks.entry(object.to_owned()).or_default();
        if task.created.is_some() {
            return;
        }
        task.created = Some(text);
        task.altered = None;
        task.hazard = task.hazard.take().or(hazard.map(str::to_owned));
        self.site.created.insert(object.to_owned());
        if let Some(name) = object.strip_prefix("table ") {
            self.site.fresh.insert(name.to_owned());
        }
        for part in self.parts.get(object).cloned().unwrap_or_default() {
            if let Some(text) = self.site.expected.get(&part) {
                self.create(&part, text.clone(), hazard);
            }
        }
    }

    fn goes_with_parent(&mut self, object: &str, text: &str) -> bool {
        let Some(name) = object.strip_prefix("column ") else {
            return false;
        };
        if !column::comes_with_parent(&self.site, Named { object, name, text }) {
            return false;
        }
        self.gap(
            object,
            "it changes with the column of the table that it inherits from".to_owned(),
        );
        true
    }

    fn drop(&mut self, object: &str, found: &str) {
        if self.is_taken_in(object, found) {
            return;
        }
        if self.known(object).is_none() || self.goes_with_parent(object, found) {
            return;
        }
        self.tasks.entry(object.to_owned()).or_default().dropped = Some(found.to_owned());
    }

    fn is_taken_in(&mut self, object: &str, text: &str) -> bool {
        let name = ["constraint ", "index "]
            .iter()
            .find_map(|kind| object.strip_prefix(kind));
        let Some(name) = name else {
            return false;
        };
        let named = Named { object, name, text };
        let Some(parent) = table::future_parent(&self.site, named).map(str::to_owned) else {
            return false;
        };
        let stays = if text.starts_with("CHECK") {
            ", and stays one of its own as well where that table is no partition: no statement changes that"
        } else {
            ""
        };
        self.gap(
            object,
            format!("it becomes a part of that of {parent} when its table does{stays}"),
        );
        true
    }

    fn alter(&mut self, object: &str, expected: &str, found: &str) {
        let Some((kind, name)) = kind::of(object) else {
            self.known(object);
            return;
        };
        if self
            .tasks
            .get(object)
            .is_some_and(|task| task.created.is_some())
            || self.goes_with_parent(object, expected)
        {
            return;
        }
        let named = Named {
            object,
            name,
            text: expected,
        };
        match (kind.alter)(&self.site, named, found) {
            Change::Replace => self.replace(object, None),
            Change::Steps(made) => {
                let task = self.tasks.entry(object.to_owned()).or_default();
                task.altered = Some(made);
            }
            Change::Around(made) => {
                let hazard = made.iter().flatten().find_map(|step| step.hazard.clone());
                let hazard = hazard.map(|_| format!("goes with the statement for {object}"));
                let task = self.tasks.entry(object.to_owned()).or_default();
                task.altered = Some(made);
                self.replace_dependents(object, hazard.as_deref());
            }
        }
    }

    /// Dropped and created again, with all its parts and what depends on it.
    fn replace(&mut self, object: &str, hazard: Option<&str>) {
        let is_done = |task: &Task| task.dropped.is_some();
        if self.tasks.get(object).is_some_and(is_done) {
            return;
        }
        let Some(found) = self.site.live.get(object) else {
            return;
        };
        let text = self.site.expected.get(object).unwrap_or(found).clone();
        let task = self.tasks.entry(object.to_owned()).or_default();
        task.dropped = Some(found.clone());
        task.created = None;
        // Its parts go with it, those too that are extra.
        let live = self.site.live;
        let of = |object: &str| live.get(object).map(String::as_str);
        self.tasks
            .retain(|part, _| !above(part, of).iter().any(|whole| whole == object));
        self.create(object, text, hazard);
        self.replace_dependents(object, hazard);
    }

    fn replace_dependents(&mut self, object: &str, hazard: Option<&str>) {
        let Some((_, name)) = kind::of(object) else {
            return;
        };
        let mut dependents = self.mentions.of_object(object, name);
        if let Some(name) = object.strip_prefix("constraint ") {
            // Foreign keys that may rest on a key.
            let (table, _) = super::clause::split(name);
            dependents.retain(|one| {
                let text = self.site.live.get(*one).map_or("", String::as_str);
                constraint::referenced(text) == Some(table)
            });
            let all = self.site.live.iter().filter(|(one, text)| {
                one.starts_with("constraint ") && constraint::referenced(text) == Some(table)
            });
            dependents.extend(all.map(|(one, _)| one.as_str()));
            let text = self.site.live.get(object).map_or("", String::as_str);
            if !text.starts_with("PRIMARY KEY") && !text.starts_with("UNIQUE") {
                return;
            }
        } else {
            dependents.retain(|one| DEPENDENTS.iter().any(|kind| one.starts_with(kind)));
        }
        for dependent in dependents {
            if dependent != object && !is_part(self.site.live, dependent, object) {
                self.replace(dependent, hazard);
            }
        }
    }

    /// What is dropped while others that stay use it, is not dropped.
    fn find_blockers(&mut self) {
        let dropped: Vec<String> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.dropped.is_some())
            .map(|(object, _)| object.clone())
            .collect();
        let mut found = Vec::new();
        for object in &dropped {
            let Some((kind, name)) = kind::of(object) else {
                continue;
            };
            if !kind.is_dropped_last && !object.contains("view ") {
                continue;
            }
            let users = self.mentions.of_object(object, name);
            let user = users
                .into_iter()
                .find(|user| self.uses_to_the_end(user, object, name));
            if let Some(user) = user {
                found.push((
                    object.clone(),
                    format!("{user} uses it, or something of the same name"),
                ));
            }
        }
        for (object, reason) in found {
            if let Some(task) = self.tasks.get_mut(&object) {
                task.hazard = task.hazard.take().or(Some(reason));
            }
        }
    }

    /// Whether an object names another in what will be its definition, too.
    fn uses_to_the_end(&self, user: &str, object: &str, name: &str) -> bool {
        if is_part(self.site.live, user, object) {
            return false;
        }
        let task = self.tasks.get(user);
        if task.is_some_and(|task| task.dropped.is_some() && !self.is_hazardous(user)) {
            return false;
        }
        let is_altered = task.is_some_and(|task| task.altered.is_some());
        let text = match self.site.expected.get(user) {
            Some(text) if is_altered => text,
            _ => match self.site.live.get(user) {
                Some(text) => text,
                None => return false,
            },
        };
        words(user, text).contains(own(object, name))
    }

    /// Whether dropping an object is left to a person.
    fn is_hazardous(&self, object: &str) -> bool {
        let Some(((kind, name), task)) = kind::of(object).zip(self.tasks.get(object)) else {
            return false;
        };
        let Some(text) = &task.dropped else {
            return false;
        };
        let made = (kind.drop)(&self.site, Named { object, name, text });
        task.hazard.is_some() || made.iter().flatten().any(|step| step.hazard.is_some())
    }

    fn statements(mut self, sets_owner: bool) -> Repair {
        let tasks = std::mem::take(&mut self.tasks);
        let (live, live_parts) = (self.site.live, std::mem::take(&mut self.live_parts));
        let (mut first, mut middle, mut last) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        for (object, task) in &tasks {
            let Some((kind, name)) = kind::of(object) else {
                continue;
            };
            if let Some(text) = &task.dropped {
                let made = (kind.drop)(&self.site, Named { object, name, text });
                let is_last = kind.is_dropped_last && task.created.is_none();
                let mut items = self.item(object, text, task, made);
                for item in &mut items {
                    item.node
                        .words
                        .extend(words_of_parts(&live_parts, live, object));
                }
                let place = if is_last { &mut last } else { &mut first };
                place.extend(items);
            }
            let made = match (&task.created, &task.altered) {
                (Some(_), _) if self.is_within(object) => continue,
                (Some(text), _) => {
                    let made = self.created(kind, Named { object, name, text }, sets_owner);
                    if made.is_err() {
                        failed.insert(object);
                    }
                    made
                }
                (None, Some(made)) => made.clone(),
                (None, None) => continue,
            };
            let text = task.created.as_ref().or(self.site.expected.get(object));
            let text = text.map_or("", String::as_str);
            middle.extend(self.item(object, text, task, made));
        }
        middle.retain(|item: &Item<'_>| {
            let whole = above(item.object, |object| {
                self.site.expected.get(object).map(String::as_str)
            });
            !whole.iter().any(|whole| failed.contains(whole.as_str()))
        });
        let after: BTreeSet<&str> = middle
            .iter()
            .filter(|item| item.steps.iter().any(|step| step.place == Place::After))
            .map(|item| item.object)
            .collect();
        // Default privileges do not count for what is created here.
        let (middle, about): (Vec<_>, Vec<_>) = middle
            .into_iter()
            .partition(|item| item.node.rank < kind::ABOUT);
        let mut statements = Vec::new();
        let mut put = |items: Vec<Item<'_>>, is_reversed: bool| {
            for (object, mut step) in in_order(items, is_reversed) {
                let wholes = above(object, |_| None);
                if wholes.iter().any(|whole| after.contains(whole.as_str())) {
                    step.place = Place::After;
                }
                step.locks
                    .retain(|lock| !self.site.fresh.contains(&lock.table));
                statements.push(Statement {
                    object: object.to_owned(),
                    sql: step.sql,
                    locks: step.locks,
                    hazard: step.hazard,
                    place: step.place,
                });
            }
        };
        put(first, true);
        put(middle, false);
        put(about, false);
        put(last, true);
        statements.sort_by_key(|statement| statement.place);
        Repair {
            statements,
            gaps: self.gaps,
        }
    }

    /// Whether CREATE TABLE has it already.
    fn is_within(&self, object: &str) -> bool {
        let name = object
            .strip_prefix("column ")
            .or_else(|| object.strip_prefix("not null constraint "));
        let Some(name) = name else {
            return false;
        };
        let column = format!("column {name}");
        let (table, _) = super::clause::split(&column["column ".len()..]);
        self.site.is_fresh(table)
    }

    /// With its owner, and without what is granted on every new object.
    fn created(&self, kind: &Kind, named: Named<'_>, sets_owner: bool) -> Made {
        let mut steps = (kind.create)(&self.site, named)?;
        let owner = format!("owner of {}", named.object);
        let is_owned =
            grant::plural(named.object).is_some() && !self.site.expected.contains_key(&owner);
        if sets_owner && is_owned {
            let step = grant::owner(&self.site, named.object, "owner");
            steps.extend(step.map(|mut step| {
                step.locks.clear();
                step.rank(140)
            }));
        }
        let given = grant::ungiven(&self.site, named.object);
        steps.extend(given.into_iter().map(|step| step.rank(150)));
        Ok(steps)
    }

    fn item<'t>(
        &mut self,
        object: &'t str,
        text: &'t str,
        task: &Task,
        made: Made,
    ) -> Vec<Item<'t>> {
        let steps = match made {
            Ok(steps) => steps,
            Err(reason) => {
                self.gap(object, reason);
                return Vec::new();
            }
        };
        let Some((kind, name)) = kind::of(object) else {
            return Vec::new();
        };
        let rank = if constraint::referenced(text).is_some() {
            kind.rank + 5
        } else {
            kind.rank
        };
        let mut by_rank: BTreeMap<u8, Vec<Step>> = BTreeMap::new();
        for mut step in steps {
            step.hazard = step.hazard.take().or(task.hazard.clone());
            by_rank
                .entry(step.rank.unwrap_or(rank))
                .or_default()
                .push(step);
        }
        let is_named = kind.rank <= 50 || object.contains("view ");
        let items = by_rank.into_iter().map(|(of, steps)| Item {
            object,
            steps,
            node: Node {
                rank: of,
                provides: (of == rank && is_named).then(|| own(object, name)),
                words: if of == rank {
                    words(object, text)
                } else {
                    tokens(object).into_iter().chain(tokens(text)).collect()
                },
            },
        });
        items.collect()
    }
}

/// The words of what goes with an object when it is dropped.
fn words_of_parts<'a>(
    parts: &'a HashMap<String, Vec<String>>,
    live: &'a Objects,
    object: &str,
) -> BTreeSet<&'a str> {
    let all = parts.get(object).into_iter().flatten();
    let all = all.filter_map(|part| Some(words(part, live.get(part)?)));
    all.flatten().collect()
}

/// Steps of one object that are taken together.
struct Item<'a> {
    object: &'a str,
    steps: Vec<Step>,
    node: Node<'a>,
}

fn in_order(items: Vec<Item<'_>>, is_reversed: bool) -> Vec<(&str, Step)> {
    let (nodes, rest): (Vec<_>, Vec<_>) = items
        .into_iter()
        .map(|item| (item.node, Some((item.object, item.steps))))
        .unzip();
    let mut order = ordered(&nodes);
    if is_reversed {
        order.reverse();
    }
    let mut rest = rest;
    let taken = order.into_iter().filter_map(|nth| rest[nth].take());
    taken
        .flat_map(|(object, steps)| steps.into_iter().map(move |step| (object, step)))
        .collect()
}

/// All that an object is a part of.
fn wholes(objects: &Objects, part: &str) -> Vec<String> {
    let of = |object: &str| objects.get(object).map(String::as_str);
    let mut all = above(part, of);
    let mut next = 0;
    while let Some(one) = all.get(next) {
        let further = above(one, of);
        all.extend(further);
        next += 1;
    }
    all
}

/// Whether one object is a part of the other, at whatever depth.
fn is_part(objects: &Objects, part: &str, whole: &str) -> bool {
    wholes(objects, part).iter().any(|one| one == whole)
}
