//! `cargo run --example many -- COUNT FOLDER`: writes so many small migrations and their `migrations.lock` into a folder,
//! to measure what a build and a run cost with them.
//!
//! The seals say what such a file does; nobody has proven it. Those beyond the first thousand say that it does nothing:
//! each has a hash of the whole schema, and a schema of 30,000 objects is not what is to be measured.

#[path = "../tests/support/sealed.rs"]
#[expect(dead_code, reason = "shared with the tests, which use the rest")]
mod sealed;
#[path = "../tests/support/small.rs"]
mod small;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use dsentr_migrate::check::seal::Seal;
use dsentr_migrate::check::{Entry, check};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, folder] = arguments.as_slice() else {
        return Err("two arguments: how many, and where".into());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let mut seals = Vec::new();
    for number in 1..=count.parse()? {
        let (name, text) = small::migration(number);
        std::fs::write(folder.join(&name), &text)?;
        let outcome = check(&[Entry::file(name, text.as_bytes())]);
        let checked = outcome.migrations.first().ok_or("it has to pass")?;
        seals.push(Seal {
            added: objects(number),
            ..sealed::seal(checked, &text)
        });
    }
    let lock_file = sealed::lock_file(seals).to_text();
    std::fs::write(folder.join("migrations.lock"), lock_file)?;
    Ok(())
}

/// How many have objects in their seals.
const PROVEN: usize = 1000;

/// What it adds, as the catalogue has it.
fn objects(number: usize) -> BTreeMap<String, String> {
    if number > PROVEN {
        return BTreeMap::new();
    }
    let table = format!("small_{number}");
    BTreeMap::from([
        (format!("column {table}.id"), "integer not null".to_owned()),
        (
            format!("constraint {table}.{table}_pkey"),
            "PRIMARY KEY (id)".to_owned(),
        ),
        (format!("table {table}"), "table".to_owned()),
    ])
}
