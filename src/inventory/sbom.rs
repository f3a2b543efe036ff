//! The bill of materials, in the JSON form of `CycloneDX` 1.5. The same parts give the same bytes.

use anyhow::Context;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Part;

/// The executable that the bill is of.
#[derive(Debug)]
pub struct Subject<'s> {
    /// Our own crate.
    pub part: &'s Part,
    /// What it is built for.
    pub target: &'s str,
    /// SHA-256 of the executable, in hexadecimal.
    pub sha256: &'s str,
    /// When it came to be, in seconds since 1970: of the commit, and not of the build.
    pub time: i64,
}

/// The bill for a subject. It uses `others` beside its crates.
///
/// # Errors
/// The time is none.
pub fn sbom(subject: &Subject<'_>, crates: &[Part], others: &[Part]) -> anyhow::Result<String> {
    let time = OffsetDateTime::from_unix_timestamp(subject.time)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .with_context(|| format!("{} is no time", subject.time))?;
    let mut ours = component(subject.part, "application");
    ours["hashes"] = hashes(subject.sha256);
    let mut uses = subject.part.uses.clone();
    uses.extend(others.iter().map(|part| part.purl.clone()));
    let all = || crates.iter().chain(others);
    let mut dependencies = vec![json!({ "ref": subject.part.purl, "dependsOn": uses })];
    dependencies.extend(all().map(|part| json!({ "ref": part.purl, "dependsOn": part.uses })));
    let components: Vec<Value> = all().map(|part| component(part, "library")).collect();
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "lifecycles": [{ "phase": "build" }],
            "component": ours,
            "properties": [{ "name": "cdx:rustc:sbom:target:triple", "value": subject.target }],
        },
        "components": components,
        "dependencies": dependencies,
    });
    let text = serde_json::to_string_pretty(&bill).context("the bill cannot be written")?;
    Ok(text + "\n")
}

fn component(part: &Part, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "scope": "required",
        "licenses": [{ "expression": part.licence }],
        "purl": part.purl,
    });
    if let Some(sum) = &part.sha256 {
        component["hashes"] = hashes(sum);
    }
    if let Some(repository) = &part.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

fn hashes(sha256: &str) -> Value {
    json!([{ "alg": "SHA-256", "content": sha256 }])
}
