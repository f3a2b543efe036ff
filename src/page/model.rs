//! What the objects of the seals add up to: tables, with what belongs to each.

use std::collections::BTreeMap;

use super::timeline::Entry;
use crate::embedded::{Migration, sealed_objects};
use crate::schema::{before_last_dot, split_at_last};

/// The schema at the newest version, and how it came to be.
pub(super) struct Model<'m> {
    pub(super) tables: Vec<Table<'m>>,
    pub(super) enums: Vec<Named<'m>>,
    pub(super) functions: Vec<Named<'m>>,
    pub(super) extensions: Vec<Named<'m>>,
    /// Everything else, each with its kind in its name.
    pub(super) others: Vec<Named<'m>>,
    pub(super) timeline: Vec<Entry<'m>>,
}

/// A name and what it stands for.
pub(super) struct Named<'m> {
    pub(super) name: &'m str,
    pub(super) definition: &'m str,
}

/// A table.
#[derive(Default)]
pub(super) struct Table<'m> {
    pub(super) name: &'m str,
    /// More than that it is a table: `partition of measures ...`.
    pub(super) form: Option<&'m str>,
    /// The stem of the migration that made it, and what that says it is for.
    pub(super) made_by: Option<(&'m str, String)>,
    pub(super) comment: Option<&'m str>,
    /// Those of the primary key first.
    pub(super) columns: Vec<Column<'m>>,
    pub(super) primary_key: Vec<&'m str>,
    pub(super) unique: Vec<Named<'m>>,
    pub(super) foreign_keys: Vec<ForeignKey<'m>>,
    pub(super) checks: Vec<Named<'m>>,
    pub(super) indexes: Vec<Named<'m>>,
    pub(super) triggers: Vec<Named<'m>>,
    /// Policies, rules, statistics, each with its kind in its name.
    pub(super) others: Vec<Named<'m>>,
    /// Roles, each with its privileges.
    pub(super) granted: Vec<Named<'m>>,
}

/// A column.
pub(super) struct Column<'m> {
    pub(super) name: &'m str,
    pub(super) data_type: &'m str,
    pub(super) nullable: bool,
    /// Its default, or how it is generated.
    pub(super) default: Option<&'m str>,
    pub(super) comment: Option<&'m str>,
}

/// A foreign key.
pub(super) struct ForeignKey<'m> {
    pub(super) name: &'m str,
    pub(super) columns: Vec<&'m str>,
    pub(super) table: &'m str,
    pub(super) referenced: Vec<&'m str>,
    /// `ON DELETE CASCADE`.
    pub(super) actions: &'m str,
}

impl<'m> Model<'m> {
    pub(super) fn new(embedded: &'m [Migration]) -> Option<Self> {
        let objects = match embedded.last() {
            Some(newest) => sealed_objects(embedded, newest.version)?,
            None => BTreeMap::new(),
        };
        let mut model = Self {
            tables: Vec::new(),
            enums: Vec::new(),
            functions: Vec::new(),
            extensions: Vec::new(),
            others: Vec::new(),
            timeline: embedded.iter().map(Entry::new).collect(),
        };
        for (object, definition) in &objects {
            if let Some(name) = object.strip_prefix("table ") {
                model.tables.push(Table {
                    name,
                    form: Some(*definition).filter(|form| !matches!(*form, "" | "table")),
                    made_by: made_by(embedded, object),
                    ..Table::default()
                });
            }
        }
        for (object, definition) in objects {
            model.add(object, definition);
        }
        for table in &mut model.tables {
            let key = &table.primary_key;
            let place = |column: &Column<'m>| key.iter().position(|name| *name == column.name);
            table
                .columns
                .sort_by_key(|column| place(column).unwrap_or(usize::MAX));
        }
        Some(model)
    }

    /// Objects come in the order of their names, so that a comment comes after its column.
    fn add(&mut self, object: &'m str, definition: &'m str) {
        let (kind, name) = object.split_once(' ').unwrap_or((object, ""));
        let named = Named { name, definition };
        match kind {
            "table" => {}
            "enum" => self.enums.push(named),
            "function" => self.functions.push(named),
            "extension" => self.extensions.push(named),
            _ => {
                let placed = match self.part_of(object) {
                    Some((table, part)) => table.add(object, kind, part, definition),
                    None => false,
                };
                if !placed {
                    self.others.push(Named {
                        name: object,
                        definition,
                    });
                }
            }
        }
    }

    /// The table that an object belongs to, and what it is called there.
    fn part_of(&mut self, object: &'m str) -> Option<(&mut Table<'m>, &'m str)> {
        if let Some(table) = object.strip_prefix("comment on table ") {
            return Some((self.table(table)?, ""));
        }
        if let Some(rest) = object.strip_prefix("privileges on table ") {
            let (table, role) = split_at_last(rest, " for ")?;
            return Some((self.table(table)?, role));
        }
        let column = object.strip_prefix("comment on column ");
        let name = column.or_else(|| Some(object.split_once(' ')?.1))?;
        let whole = before_last_dot(name)?;
        Some((self.table(whole)?, &name[whole.len() + 1..]))
    }

    fn table(&mut self, name: &str) -> Option<&mut Table<'m>> {
        self.tables.iter_mut().find(|table| table.name == name)
    }

    /// The tables that reference a table, perhaps itself among them.
    pub(super) fn referenced_by(&self, table: &Table<'m>) -> Vec<&'m str> {
        let references = |other: &&Table<'m>| {
            let mut keys = other.foreign_keys.iter();
            keys.any(|key| key.table == table.name)
        };
        let referencing = self.tables.iter().filter(references);
        referencing.map(|other| other.name).collect()
    }

    pub(super) fn newest(&self) -> Option<&'m Migration> {
        self.timeline.last().map(|entry| entry.migration)
    }
}

impl<'m> Table<'m> {
    /// Whether the object has a place here.
    fn add(&mut self, object: &'m str, kind: &str, name: &'m str, definition: &'m str) -> bool {
        let named = Named { name, definition };
        match kind {
            "column" => self.columns.push(Column::new(name, definition)),
            "constraint" => self.constrain(named),
            "index" => self.indexes.push(named),
            "trigger" => self.triggers.push(named),
            "policy" | "rule" | "statistics" => self.others.push(Named {
                name: object,
                definition,
            }),
            "privileges" => self.granted.push(named),
            "comment" if name.is_empty() => self.comment = Some(definition),
            "comment" => return self.comment_on(name, definition),
            _ => return false,
        }
        true
    }

    fn constrain(&mut self, named: Named<'m>) {
        let definition = named.definition;
        if let Some(key) = ForeignKey::new(&named) {
            self.foreign_keys.push(key);
        } else if let Some(columns) = definition.strip_prefix("PRIMARY KEY ") {
            self.primary_key = list(columns)
                .map(|(columns, _)| columns)
                .unwrap_or_default();
        } else if definition.starts_with("UNIQUE") {
            self.unique.push(named);
        } else {
            self.checks.push(named);
        }
    }

    fn comment_on(&mut self, column: &str, comment: &'m str) -> bool {
        let mut columns = self.columns.iter_mut();
        let Some(column) = columns.find(|known| known.name == column) else {
            return false;
        };
        column.comment = Some(comment);
        true
    }

    /// The columns of the primary key and of foreign keys.
    pub(super) fn keys(&self) -> Vec<&Column<'m>> {
        let columns = self.columns.iter();
        columns
            .filter(|column| self.is_primary(column.name) || self.is_foreign(column.name))
            .collect()
    }

    pub(super) fn is_primary(&self, column: &str) -> bool {
        self.primary_key.contains(&column)
    }

    pub(super) fn is_foreign(&self, column: &str) -> bool {
        let mut keys = self.foreign_keys.iter();
        keys.any(|key| key.columns.contains(&column))
    }

    /// What it is for, in one text.
    pub(super) fn purpose(&self) -> &str {
        let made_for = self.made_by.as_ref().map(|(_, purpose)| purpose.as_str());
        made_for.unwrap_or_default()
    }
}

impl<'m> Column<'m> {
    /// As the reader of the schema writes it: `text collate "C" not null default 'a'::text`.
    fn new(name: &'m str, definition: &'m str) -> Self {
        let end = [" default ", " generated "]
            .iter()
            .filter_map(|word| definition.find(word))
            .min()
            .unwrap_or(definition.len());
        let (head, tail) = definition.split_at(end);
        let tail = tail.trim_start();
        let not_null = head.strip_suffix(" not null");
        Self {
            name,
            data_type: not_null.unwrap_or(head),
            nullable: not_null.is_none(),
            default: Some(tail.strip_prefix("default ").unwrap_or(tail))
                .filter(|default| !default.is_empty()),
            comment: None,
        }
    }
}

impl<'m> ForeignKey<'m> {
    /// `FOREIGN KEY (a, b) REFERENCES t(c, d) ON DELETE CASCADE`; none where it is another constraint.
    fn new(named: &Named<'m>) -> Option<Self> {
        let (columns, rest) = list(named.definition.strip_prefix("FOREIGN KEY ")?)?;
        let rest = rest.strip_prefix(" REFERENCES ")?;
        let open = outside_quotes(rest, '(')?;
        let (referenced, actions) = list(&rest[open..])?;
        Some(Self {
            name: named.name,
            columns,
            table: &rest[..open],
            referenced,
            actions: actions.trim_start(),
        })
    }
}

/// The names in the parentheses that a text begins with, and what follows.
fn list(text: &str) -> Option<(Vec<&str>, &str)> {
    let inner = text.strip_prefix('(')?;
    let end = outside_quotes(inner, ')')?;
    let mut names = Vec::new();
    let mut rest = &inner[..end];
    while let Some(comma) = outside_quotes(rest, ',') {
        names.push(&rest[..comma]);
        rest = rest[comma + 1..].trim_start();
    }
    names.push(rest);
    Some((names, &inner[end + 1..]))
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The last migration that added it: what was dropped and made again is what that one made.
fn made_by<'m>(embedded: &'m [Migration], object: &str) -> Option<(&'m str, String)> {
    let adds = |migration: &&Migration| {
        let added = migration.seal.map(|seal| seal.added).unwrap_or_default();
        added.iter().any(|(name, _)| *name == object)
    };
    let migration = embedded.iter().rev().find(adds)?;
    Some((migration.stem, migration.purpose().replace('\n', " ")))
}

#[cfg(test)]
mod tests {
    use super::{Column, ForeignKey, Named};

    #[test]
    fn a_column_is_read_as_the_schema_writes_it() {
        let read = |definition| {
            let column = Column::new("c", definition);
            (column.data_type, column.nullable, column.default)
        };
        assert_eq!(read("text"), ("text", true, None));
        assert_eq!(
            read("timestamp with time zone not null default now()"),
            ("timestamp with time zone", false, Some("now()"))
        );
        assert_eq!(
            read("integer not null generated by default as identity"),
            ("integer", false, Some("generated by default as identity"))
        );
    }

    #[test]
    fn a_foreign_key_may_have_odd_names() {
        let key = ForeignKey::new(&Named {
            name: "k",
            definition: r#"FOREIGN KEY ("a, b", c) REFERENCES "O (x)"("d)", e) ON DELETE CASCADE"#,
        })
        .expect("it is one");
        assert_eq!(key.columns, [r#""a, b""#, "c"]);
        assert_eq!(
            (key.table, key.referenced),
            (r#""O (x)""#, vec![r#""d)""#, "e"])
        );
        assert_eq!(key.actions, "ON DELETE CASCADE");
    }
}
