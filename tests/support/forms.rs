//! The table of statements that change a schema, `tests/fixtures/schema/alter_forms.txt`; its head says how to read it.

use std::fmt::Write as _;

/// Where the table is.
pub(crate) const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/schema/alter_forms.txt"
);

/// The whole table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    head: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// A command of PostgreSQL's reference.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) forms: Vec<Form>,
}

/// One of its forms.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) name: String,
    /// Why it has no statement here.
    pub(crate) reason: Option<String>,
    pub(crate) rows: Vec<Row>,
}

/// A statement of that form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The first major version of PostgreSQL that has it.
    pub(crate) since: u32,
    pub(crate) sql: String,
    /// State and name of each object that differs then, in order.
    pub(crate) differences: Vec<String>,
    /// Why nothing differs.
    pub(crate) reason: Option<String>,
}

impl Table {
    /// The table as the repository has it.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(PATH).expect("the table can be read");
        let table = Self::of(&text);
        assert!(table.text() == text, "{PATH} is not written as it is read");
        table
    }

    /// Writes it anew.
    pub(crate) fn write(&self) {
        std::fs::write(PATH, self.text()).expect("the table can be written");
    }

    /// All rows.
    pub(crate) fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        let forms = self.commands.iter_mut().flat_map(|one| &mut one.forms);
        forms.flat_map(|form| &mut form.rows)
    }

    fn of(text: &str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            table.take(line);
        }
        table
    }

    fn take(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("= ") {
            let name = name.to_owned();
            self.commands.push(Command {
                name,
                ..Command::default()
            });
            return;
        }
        let Some(command) = self.commands.last_mut() else {
            self.head.push(line.to_owned());
            return;
        };
        if let Some(name) = line.strip_prefix("- ") {
            let name = name.to_owned();
            command.forms.push(Form {
                name,
                ..Form::default()
            });
            return;
        }
        let form = command.forms.last_mut();
        form.expect("a form comes before its statements").take(line);
    }

    fn text(&self) -> String {
        let mut text = self.head.join("\n") + "\n";
        for command in &self.commands {
            let _ = writeln!(text, "= {}", command.name);
            command.forms.iter().for_each(|form| form.print(&mut text));
        }
        text
    }
}

impl Form {
    fn take(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("    ") else {
            self.rows.push(Row::of(line));
            return;
        };
        match (result.strip_prefix("! "), self.rows.last_mut()) {
            (Some(reason), None) => self.reason = Some(reason.to_owned()),
            (Some(reason), Some(row)) => row.reason = Some(reason.to_owned()),
            (None, Some(row)) => row.differences.push(result.to_owned()),
            (None, None) => panic!("no statement comes before {line:?}"),
        }
    }

    fn print(&self, text: &mut String) {
        let _ = writeln!(text, "- {}", self.name);
        print_reason(self.reason.as_deref(), text);
        for row in &self.rows {
            if row.since > 0 {
                let _ = write!(text, "since {}: ", row.since);
            }
            let _ = writeln!(text, "{}", row.sql);
            for difference in &row.differences {
                let _ = writeln!(text, "    {difference}");
            }
            print_reason(row.reason.as_deref(), text);
        }
    }
}

fn print_reason(reason: Option<&str>, text: &mut String) {
    if let Some(reason) = reason {
        let _ = writeln!(text, "    ! {reason}");
    }
}

impl Row {
    fn of(line: &str) -> Self {
        let split = line.strip_prefix("since ").and_then(|rest| {
            let (since, sql) = rest.split_once(": ")?;
            Some((since.parse().ok()?, sql))
        });
        let (since, sql) = split.unwrap_or((0, line));
        Self {
            since,
            sql: sql.to_owned(),
            ..Self::default()
        }
    }
}
