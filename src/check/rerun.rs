//! Whether a second run fails, as far as the names in the file tell.
//!
//! The file is played twice on an imagined database: the first run shows which names are there afterwards, the second
//! one stumbles where it makes what is there or drops what is not. DO blocks are taken to know what they do.

use super::deed::{Deed, Object, Step, steps};
use super::file::File;
use super::layout::NoteKind;
use super::problem::Finding;
use super::resume;
use crate::source::Span;
use std::collections::HashMap;

pub(super) fn not_rerunnable(file: &File<'_>) -> Vec<Finding> {
    let told = file
        .layout
        .notes
        .iter()
        .any(|note| note.kind == NoteKind::NotRerunnable);
    if told || !file.forward.is_sound() {
        return Vec::new();
    }
    failing(file).iter().map(finding).collect()
}

/// The steps that fail on a second run, whatever the file says of that.
pub(super) fn failing(file: &File<'_>) -> Vec<Step> {
    let steps: Vec<Step> = file
        .forward
        .statements
        .iter()
        .enumerate()
        .flat_map(|(nth, (node, _))| steps(node, nth))
        // A temporary table is gone with its session.
        .filter(|step| !step.temporary)
        .collect();
    let mut names = Names::default();
    for step in &steps {
        names.play(step);
    }
    let mut failing: Vec<Step> = steps.into_iter().filter(|step| !names.play(step)).collect();
    // What `resumable` judges is its to say: no note helps there.
    let judged = file.forward.statements.iter();
    let judged: Vec<Span> = judged
        .filter(|(node, _)| resume::is_judged(file, node))
        .map(|(_, span)| *span)
        .collect();
    failing.retain(|step| !judged.contains(&step.span));
    // A statement that drops two things fails once.
    failing.dedup_by_key(|step| step.span);
    failing
}

fn finding(step: &Step) -> Finding {
    let way = match &step.cure {
        Some(cure) => format!("write {cure}, or say why not: "),
        None => "say why: ".to_owned(),
    };
    Finding::at(step.span, format!("`{}` fails on a second run", step.said))
        .help(format!("{way}`-- Not rerunnable: <reason>`"))
}

/// The names that the file has touched: there or not.
#[derive(Default)]
struct Names {
    there: HashMap<Object, (bool, String)>,
}

impl Names {
    fn is(&self, object: &Object, there: bool) -> bool {
        self.there.get(object).is_some_and(|known| known.0 == there)
    }

    /// Carries the step out; `false` where it would have failed.
    fn play(&mut self, step: &Step) -> bool {
        match &step.deed {
            Deed::Make(object) => {
                if self.is(object, true) {
                    return step.tolerant;
                }
                self.forget_parts(object);
                self.there
                    .insert(object.clone(), (true, step.belongs.clone()));
            }
            Deed::Drop(object) => {
                if self.is(object, false) {
                    return step.tolerant;
                }
                self.forget_parts(object);
                self.there.insert(object.clone(), (false, String::new()));
            }
            Deed::Rename(from, to) => {
                if self.is(from, false) {
                    return step.tolerant;
                }
                if self.is(to, true) {
                    return false;
                }
                self.there.insert(from.clone(), (false, String::new()));
                self.there.insert(to.clone(), (true, step.belongs.clone()));
            }
        }
        true
    }

    fn forget_parts(&mut self, object: &Object) {
        if object.kind == "relation" || object.kind == "type" {
            self.there.retain(|known, (_, belongs)| {
                known.owner != object.name && *belongs != object.name
            });
        }
    }
}
