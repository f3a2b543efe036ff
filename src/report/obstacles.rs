//! How the obstacles of a rollback read, and the way around each.

use super::migrations::{STATE_WIDTH, line};
use super::verify::block;
use super::{Paint, count};
use crate::plan::Obstacle;

/// All of them, each with a newline at its end.
pub(super) fn text(obstacles: &[Obstacle], paint: Paint) -> String {
    obstacles
        .iter()
        .map(|obstacle| one(obstacle, paint))
        .collect()
}

fn one(obstacle: &Obstacle, paint: Paint) -> String {
    match obstacle {
        Obstacle::Irreversible { name, reason } => {
            head("irreversible", name, paint) + &below(reason)
        }
        Obstacle::DataLoss { name, losses } => {
            let losses = losses.iter().map(|loss| below(loss));
            head("data loss", name, paint) + &losses.collect::<String>()
        }
        Obstacle::NotSealed { name, count: 1 } => head("not sealed", name, paint),
        Obstacle::NotSealed { name, count: all } => {
            let more = count(all - 1, "migration");
            head("not sealed", &format!("{name} and {more} more"), paint)
        }
        Obstacle::Drift {
            version,
            differences,
        } => {
            let objects = match differences.len() {
                1 => "1 object differs".to_owned(),
                more => format!("{more} objects differ"),
            };
            let what = format!("the schema is not as sealed at {version}: {objects}");
            let blocks = differences
                .iter()
                .map(|difference| block(difference, paint));
            head("drift", &what, paint) + &blocks.collect::<String>()
        }
    }
}

fn head(word: &str, what: &str, paint: Paint) -> String {
    line(word, &paint.bad(word), what, 0, "")
}

fn below(text: &str) -> String {
    format!("  {:STATE_WIDTH$}{text}\n", "")
}

/// What to do about them, a line a kind.
pub(super) fn help(obstacles: &[Obstacle]) -> Vec<String> {
    let sentence = |obstacle: &Obstacle| match obstacle {
        Obstacle::Irreversible { .. } => {
            "an irreversible migration has no way back: roll back to it or to a newer one, or bring back a backup"
        }
        Obstacle::DataLoss { .. } => {
            "--accept-data-loss destroys what is listed; see that it is no longer needed, or that there is a backup"
        }
        Obstacle::NotSealed { .. } => {
            "a binary without the seals cannot know what the schema should be: use one that was built with --release"
        }
        Obstacle::Drift { .. } => {
            "find out who changed the schema, and undo that; or go on with --accept-drift, which leaves what differs as it is; what is meant to differ goes into [[verify.ignore]] of the settings file, with a reason"
        }
    };
    let mut help: Vec<String> = Vec::new();
    for sentence in obstacles.iter().map(sentence) {
        if !help.iter().any(|known| known == sentence) {
            help.push(sentence.to_owned());
        }
    }
    help.push(
        "then run the command again; with --dry-run it prints the SQL and does nothing".to_owned(),
    );
    help
}
