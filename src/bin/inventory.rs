//! Says what ships: `inventory licences TARGET [PART...]`, `inventory sbom TARGET SHA256 TIME [PART...]`.

use anyhow::{Context, bail};
use dsentr_migrate::inventory::{Part, Subject, licences, other_part, sbom, shipped};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = match arguments[..] {
        ["licences", target, ref parts @ ..] => {
            let (_, crates) = ours_and_others(target)?;
            licences(&crates, &others(parts)?)?
        }
        ["sbom", target, sha256, time, ref parts @ ..] => {
            let (ours, crates) = ours_and_others(target)?;
            let subject = Subject {
                part: &ours,
                target,
                sha256,
                time: time.parse().context("the time is in seconds since 1970")?,
            };
            sbom(&subject, &crates, &others(parts)?)?
        }
        _ => bail!(
            "usage: inventory licences TARGET [PART...] | sbom TARGET SHA256 TIME [PART...]; \
             a PART is `name version licence purl` with tabs between them"
        ),
    };
    print!("{text}");
    Ok(())
}

fn ours_and_others(target: &str) -> anyhow::Result<(Part, Vec<Part>)> {
    let mut parts = shipped(target)?;
    let ours = parts.remove(0);
    Ok((ours, parts))
}

fn others(lines: &[&str]) -> anyhow::Result<Vec<Part>> {
    lines.iter().map(|line| other_part(line)).collect()
}
