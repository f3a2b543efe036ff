//! The licences of what ships, each text once, with the names of those it came with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::Part;

/// How the name of a file begins that says under which terms the others are. In small letters.
const NAMES: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];

/// The text of the MIT licence, for crates that name it and come without.
const MIT: &str = include_str!("mit.txt");

/// A list of the parts with their licences, and then the texts.
///
/// # Errors
/// The files of a crate cannot be read, or it comes without the text of its licence and we have none either.
pub fn licences(crates: &[Part], others: &[Part]) -> anyhow::Result<String> {
    let all = || crates.iter().chain(others);
    let list = all().map(|part| format!("{} {}: {}\n", part.name, part.version, part.licence));
    let mut text = format!(
        "What is in dsentr-migrate and was written by others, with the licences they name. The texts follow, as they came\n\
         with the crates; those of the {} last are in the files beside this one.\n\n{}",
        others.len(),
        list.collect::<String>()
    );
    for (terms, names) in texts(crates)? {
        let line = "=".repeat(80);
        text.push_str(&format!(
            "\n{line}\n{}\n{line}\n\n{terms}\n",
            names.join("\n")
        ));
    }
    Ok(text)
}

/// Each text, with the files that are it.
fn texts(crates: &[Part]) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in crates {
        let files = files(part)?;
        for (name, terms) in files {
            let name = format!("{} {}: {name}", part.name, part.version);
            texts.entry(terms).or_default().push(name);
        }
    }
    Ok(texts)
}

/// The files of a crate that are about its licence, by name; where it has none, what its manifest stands for.
fn files(part: &Part) -> anyhow::Result<Vec<(String, String)>> {
    let folder = part.folder.as_deref().context("a crate has sources")?;
    let mut files = Vec::new();
    for path in paths(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_about = NAMES
            .iter()
            .any(|start| name.to_lowercase().starts_with(start));
        if !is_about {
            continue;
        }
        let bytes =
            fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        files.push((name.into_owned(), text.trim_end().to_owned()));
    }
    if files.is_empty() {
        files.push(("no file of its own".to_owned(), standard_text(part)?));
    }
    files.sort();
    Ok(files)
}

/// Also one folder deep, where some keep them.
fn paths(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = |folder: &Path| -> anyhow::Result<Vec<_>> {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.with_context(|| format!("{} cannot be read", folder.display()))?;
        Ok(entries.into_iter().map(|entry| entry.path()).collect())
    };
    let mut files = Vec::new();
    for path in entries(folder)? {
        let is_about = path
            .file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case("licenses"));
        if path.is_file() {
            files.push(path);
        } else if is_about {
            files.extend(entries(&path)?.into_iter().filter(|path| path.is_file()));
        }
    }
    Ok(files)
}

fn standard_text(part: &Part) -> anyhow::Result<String> {
    if !part.licence.split(" OR ").any(|licence| licence == "MIT") {
        bail!(
            "{} {} comes without the text of its licence ({}); add that to src/inventory/licences.rs",
            part.name,
            part.version,
            part.licence
        );
    }
    // `Name <address>`: the name will do.
    let names = part
        .authors
        .iter()
        .map(|author| author.split(" <").next().unwrap_or_default());
    let names = match names.collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => format!("the authors of {}", part.name),
        names => names,
    };
    Ok(MIT.replace("<authors>", &names).trim_end().to_owned())
}
