//! Other tools, the real ones, each with the migrations of this project in its own form.

use std::fs;
use std::path::Path;
use std::process::Command;

use dsentr_migrate::embedded::{MIGRATIONS, Migration, Mode};
use tempfile::TempDir;

/// The tools, as `.ci/bench` sets them: `sqlx=/path/of/its/executable:diesel=/another`.
const TOOLS: &str = "DSENTR_BENCH_TOOLS";

/// A tool, and the folder with its project.
pub(crate) struct Tool {
    pub(crate) name: String,
    path: String,
    form: Form,
    project: TempDir,
}

/// How a tool wants its migrations, and how it is called.
#[derive(Clone, Copy)]
enum Form {
    Sqlx,
    Diesel,
    Refinery,
    Dbmate,
    Alembic,
    Yoyo,
}

/// The tools that are named in the environment; none where it names none.
pub(crate) fn tools() -> Vec<Tool> {
    let named = std::env::var(TOOLS).unwrap_or_default();
    let named = named.split(':').filter_map(|tool| tool.split_once('='));
    named.map(|(name, path)| Tool::new(name, path)).collect()
}

impl Tool {
    fn new(name: &str, path: &str) -> Self {
        let form = match name {
            "sqlx" => Form::Sqlx,
            "diesel" => Form::Diesel,
            "refinery" => Form::Refinery,
            "dbmate" => Form::Dbmate,
            "alembic" => Form::Alembic,
            "yoyo" => Form::Yoyo,
            _ => panic!("{TOOLS} names {name}, which is not known here"),
        };
        let project = tempfile::tempdir().expect("a temporary folder can be made");
        for (nth, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.mode, Mode::Transaction, "{}", migration.stem);
            let before = nth.checked_sub(1).map(|before| &MIGRATIONS[before]);
            let (file, text) = form.file(migration, before);
            write(&project.path().join(file), &text);
        }
        for (file, text) in form.settings() {
            write(&project.path().join(file), text);
        }
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            form,
            project,
        }
    }

    /// A run on the database of a URL.
    pub(crate) fn command(&self, url: &str) -> Command {
        let mut command = Command::new(&self.path);
        let of_python = url.replace("postgres://", "postgresql+psycopg://");
        let url = match self.form {
            Form::Alembic | Form::Yoyo => &of_python,
            _ => url,
        };
        command
            .args(self.form.arguments())
            .env_clear()
            // Some are scripts, whose interpreters have to be found.
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.project.path())
            .env("DATABASE_URL", url)
            .current_dir(self.project.path());
        if let Form::Yoyo = self.form {
            command.args(["--database", url, "migrations"]);
        }
        command
    }
}

impl Form {
    /// The file of a migration, and what is in it: the forward part alone.
    fn file(self, migration: &Migration, before: Option<&Migration>) -> (String, String) {
        let (version, sql) = (migration.version.as_i64(), migration.forward_sql());
        let stem = format!("{version}_{}", migration.description);
        match self {
            Self::Sqlx | Self::Yoyo => (format!("migrations/{stem}.sql"), sql.to_owned()),
            Self::Diesel => (format!("migrations/{stem}/up.sql"), sql.to_owned()),
            Self::Refinery => {
                let name = format!("migrations/V{version}__{}.sql", migration.description);
                (name, sql.to_owned())
            }
            Self::Dbmate => {
                let text = format!("-- migrate:up\n{sql}\n-- migrate:down\n");
                (format!("migrations/{stem}.sql"), text)
            }
            Self::Alembic => {
                let before = before.map(|before| format!("'{}'", before.version.as_i64()));
                let before = before.unwrap_or_else(|| "None".to_owned());
                let text = format!(
                    "from alembic import op\n\nrevision = '{version}'\ndown_revision = {before}\n\n\n\
                     def upgrade():\n    op.get_bind().connection.cursor().execute(r\"\"\"{sql}\"\"\")\n"
                );
                (format!("versions/{stem}.py"), text)
            }
        }
    }

    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Diesel => &[("diesel.toml", "")],
            Self::Alembic => &[
                ("alembic.ini", "[alembic]\nscript_location = .\n"),
                ("env.py", ENVIRONMENT),
            ],
            Self::Sqlx | Self::Refinery | Self::Dbmate | Self::Yoyo => &[],
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Sqlx => &["migrate", "run"],
            Self::Diesel => &["migration", "run"],
            Self::Refinery => &["migrate", "-e", "DATABASE_URL", "-p", "migrations"],
            Self::Dbmate => &[
                "--migrations-dir",
                "migrations",
                "--no-dump-schema",
                "migrate",
            ],
            Self::Alembic => &["upgrade", "head"],
            Self::Yoyo => &["apply", "--batch", "--no-config-file"],
        }
    }
}

/// Each migration in a transaction of its own, as the others have it.
const ENVIRONMENT: &str = r#"
import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"#;

fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("it is inside of the project");
    fs::create_dir_all(folder).expect("the project takes folders");
    fs::write(path, text).expect("the project takes files");
}
