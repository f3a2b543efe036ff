//! The crates in the executable: those that `cargo tree` shows for it, with what their manifests and `Cargo.lock` say.
//!
//! Not those of `cargo metadata` alone, which turns on every feature that some test asks for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::Part;

/// Asks cargo, in the working folder, what an executable for this target is made of. Our own crate comes first, the others
/// by name and version.
///
/// # Errors
/// Cargo fails, or says of a crate what we do not understand.
pub fn shipped(target: &str) -> anyhow::Result<Vec<Part>> {
    let metadata = cargo(&[
        "metadata",
        "--format-version=1",
        "--filter-platform",
        target,
    ])?;
    let metadata: Metadata =
        serde_json::from_str(&metadata).context("`cargo metadata` is not understood")?;
    // Procedural macros and build scripts run at build time, and stay there.
    let tree = cargo(&[
        "tree",
        "--edges=normal,no-proc-macro",
        "--target",
        target,
        "--prefix=depth",
        "--format= {p}",
    ])?;
    let lock = std::fs::read_to_string("Cargo.lock").context("Cargo.lock cannot be read")?;
    let lock: Lock = toml::from_str(&lock).context("Cargo.lock is not understood")?;
    join(&uses(&tree)?, &metadata, &lock)
}

fn cargo(arguments: &[&str]) -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--locked", "--color=never"])
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!(
            "`cargo {}` fails: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout).context("cargo writes UTF-8")
}

/// Name and version.
type Key = (String, String);

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Manifest>,
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    repository: Option<String>,
    #[serde(rename = "manifest_path")]
    path: PathBuf,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// What each crate of the tree uses. The first line is our own.
fn uses(tree: &str) -> anyhow::Result<Vec<(Key, Vec<Key>)>> {
    let mut order: Vec<Key> = Vec::new();
    let mut below: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    let mut above: Vec<Key> = Vec::new();
    for line in tree.lines() {
        let (depth, key) =
            entry(line).with_context(|| format!("not a line of a tree: {line:?}"))?;
        above.truncate(depth);
        if let Some(user) = above.last() {
            // A crate that was shown before is shown again without what is under it.
            let used = below.entry(user.clone()).or_default();
            if !used.contains(&key) {
                used.push(key.clone());
            }
        }
        if !order.contains(&key) {
            order.push(key.clone());
        }
        above.push(key);
    }
    let Some((_, others)) = order.split_first_mut() else {
        bail!("the tree is empty");
    };
    others.sort();
    let order = order.into_iter().map(|key| {
        let mut used = below.remove(&key).unwrap_or_default();
        used.sort();
        (key, used)
    });
    Ok(order.collect())
}

/// `2 name v1.0.0 (what else there is to say)`
fn entry(line: &str) -> Option<(usize, Key)> {
    let mut words = line.split(' ');
    let depth = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some((depth, (name, version)))
}

fn join(uses: &[(Key, Vec<Key>)], metadata: &Metadata, lock: &Lock) -> anyhow::Result<Vec<Part>> {
    let parts = uses.iter().map(|((name, version), used)| {
        let is_it = |manifest: &&Manifest| manifest.name == *name && manifest.version == *version;
        let manifest = metadata.packages.iter().find(is_it);
        let manifest = manifest.with_context(|| format!("cargo does not know {name} {version}"))?;
        let licence = manifest.license.as_deref();
        let licence = licence.with_context(|| format!("{name} {version} names no licence"))?;
        let is_locked = |locked: &&Locked| locked.name == *name && locked.version == *version;
        let locked = lock.package.iter().find(is_locked);
        Ok(Part {
            name: name.clone(),
            version: version.clone(),
            // Before SPDX expressions it was written so.
            licence: licence.replace('/', " OR "),
            purl: purl(name, version),
            sha256: locked.and_then(|locked| locked.checksum.clone()),
            authors: manifest.authors.clone(),
            repository: manifest.repository.clone(),
            folder: manifest.path.parent().map(Into::into),
            uses: used
                .iter()
                .map(|(name, version)| purl(name, version))
                .collect(),
        })
    });
    parts.collect()
}

fn purl(name: &str, version: &str) -> String {
    // In a version of semver, only the plus means something else in a URL.
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_crate_uses_is_read_from_the_tree() {
        let tree = "0 ours v1.0.0 (/home/of/it)\n1 zebra v0.1.0\n2 ant v2.0.0\n3 bee v1.0.0\n1 ant v2.0.0 (*)\n1 bee v1.1.0\n";
        let tree = super::uses(tree).unwrap();
        let lines = tree.iter().map(|((name, version), used)| {
            let used = used
                .iter()
                .map(|(name, version)| format!(" {name}-{version}"));
            format!("{name}-{version}:{}", used.collect::<String>())
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "ours-1.0.0: ant-2.0.0 bee-1.1.0 zebra-0.1.0",
                "ant-2.0.0: bee-1.0.0",
                "bee-1.0.0:",
                "bee-1.1.0:",
                "zebra-0.1.0: ant-2.0.0",
            ]
        );
        assert!(super::uses("").is_err());
        assert!(super::uses("0 ours").is_err());
    }
}
