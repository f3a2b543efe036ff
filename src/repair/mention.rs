//! Which definitions name an object: by their words, since nothing else of a dependency is sealed. Too many is safe: what
//! is dropped and created again without need is as it was, and what is created later than it could be is created.

use std::collections::{BTreeSet, HashMap};

use super::clause::split;
use super::routine::{base, head};
use crate::schema::{Objects, tokens};

/// The objects by the words of their names and definitions.
pub(super) struct Mentions<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Mentions<'a> {
    pub(super) fn of(objects: &'a Objects) -> Self {
        let mut by_word: HashMap<&str, Vec<&str>> = HashMap::new();
        for (object, text) in objects {
            for word in words(object, text) {
                by_word.entry(word).or_default().push(object);
            }
        }
        Self(by_word)
    }

    /// The others that name this object. A column counts where its table is named as well.
    pub(super) fn of_object(&self, object: &str, name: &str) -> Vec<&'a str> {
        let empty = Vec::new();
        let named = |word: &str| self.0.get(word).unwrap_or(&empty);
        let word = own(object, name);
        let table = object
            .starts_with("column ")
            .then(|| own("", split(name).0));
        let of_table: Option<BTreeSet<&str>> =
            table.map(|table| named(table).iter().copied().collect());
        let all = named(word).iter().copied().filter(|one| *one != object);
        all.filter(|one| of_table.as_ref().is_none_or(|table| table.contains(one)))
            .collect()
    }
}

/// The last part of a name, without arguments.
pub(super) fn own<'n>(object: &str, name: &'n str) -> &'n str {
    let is_routine = ["function ", "procedure ", "aggregate "]
        .iter()
        .any(|kind| object.starts_with(kind));
    split(if is_routine { base(name) } else { name }).1
}

/// The words of what a definition depends on, with those of the name.
pub(super) fn words<'a>(object: &'a str, text: &'a str) -> BTreeSet<&'a str> {
    let is_about = [
        "comment on ",
        "owner of ",
        "privileges on ",
        "default privileges on ",
    ]
    .iter()
    .any(|kind| object.starts_with(kind));
    if is_about {
        return BTreeSet::new();
    }
    let is_routine = object.starts_with("function ") || object.starts_with("procedure ");
    // A body that is a string depends on nothing until it runs.
    let is_parsed = text.contains("\nBEGIN ATOMIC") || text.contains("\nRETURN ");
    let text = if is_routine && !is_parsed {
        head(text)
    } else {
        text
    };
    // It is made before the column that owns it.
    let text = match text.split_once(" owned by ") {
        Some((text, _)) if object.starts_with("sequence ") => text,
        _ => text,
    };
    let mut words = BTreeSet::new();
    for token in tokens(object).into_iter().chain(tokens(text)) {
        match token.strip_prefix('\'') {
            // The name of a sequence is a string that is cast.
            Some(literal) => words.extend(literal.trim_end_matches('\'').split(['.', ' ', ','])),
            None => drop(words.insert(token)),
        }
    }
    words
}
