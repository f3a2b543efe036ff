//! Texts inside of SQL that psql reads first.

/// A string literal, where `standard_conforming_strings` is on. psql replaces nothing in it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The dollar quotes around a text: tags that do not occur in it.
pub(super) fn tag(text: &str) -> String {
    let tags = std::iter::once("dsentr".to_owned());
    let mut tags = tags.chain((1_u32..).map(|number| format!("dsentr{number}")));
    // A text that ends with the first part of the tag would be closed too early.
    let is_free = |name: &String| !format!("{text}${name}").contains(&format!("${name}$"));
    let name = tags.find(is_free).unwrap_or_default();
    format!("${name}$")
}

/// A text in dollar quotes, byte for byte.
pub(super) fn dollars(text: &str) -> String {
    let tag = tag(text);
    format!("{tag}{text}{tag}")
}

/// PL/pgSQL that is run at once.
pub(super) fn block(body: &str) -> String {
    let quoted = dollars(&format!("\n{body}\n"));
    format!("DO {quoted};\n")
}

/// Stops psql with a message; nothing is sent after it.
pub(super) fn stop(message: &str, hint: &str) -> String {
    let body = block(&format!(
        "BEGIN\n    \
             RAISE EXCEPTION USING\n        \
                 MESSAGE = {},\n        \
                 HINT = {};\n\
         END",
        literal(message),
        literal(hint)
    ));
    format!("\\set SHOW_CONTEXT never\n{body}")
}

#[cfg(test)]
mod tests {
    use super::{dollars, literal};

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn tags_do_not_occur_in_the_text() {
        assert_eq!(dollars("a"), "$dsentr$a$dsentr$");
        assert_eq!(dollars("a $dsentr$ b"), "$dsentr1$a $dsentr$ b$dsentr1$");
        assert_eq!(
            dollars("$dsentr$ $dsentr1$"),
            "$dsentr2$$dsentr$ $dsentr1$$dsentr2$"
        );
        assert_eq!(dollars("a$dsentr"), "$dsentr1$a$dsentr$dsentr1$");
        assert_eq!(dollars("a$b"), "$dsentr$a$b$dsentr$");
    }
}
