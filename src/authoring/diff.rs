//! Two texts or two schemas, and what differs, as lines.

use crate::schema::Difference;

/// The lines that only one text has, `-` as expected, `+` as found, in their order; each block of them behind the line
/// that stands before it in both.
pub(super) fn of_texts(expected: &str, found: &str) -> Vec<String> {
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();
    let common = common(&expected, &found);
    let mut lines = Vec::new();
    let (mut i, mut j, mut is_open) = (0, 0, false);
    while i < expected.len() || j < found.len() {
        let both = i < expected.len() && j < found.len();
        if both && expected[i] == found[j] {
            is_open = false;
            (i, j) = (i + 1, j + 1);
            continue;
        }
        if !is_open && i > 0 {
            lines.push(format!("    {}", expected[i - 1]));
        }
        is_open = true;
        if i < expected.len() && (j == found.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("  - {}", expected[i]));
            i += 1;
        } else {
            lines.push(format!("  + {}", found[j]));
            j += 1;
        }
    }
    lines
}

/// How many lines the rests of both have in common at the most, from each place in each.
fn common(expected: &[&str], found: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; found.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..found.len()).rev() {
            common[i][j] = if expected[i] == found[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

/// Each object that differs: `-` as it should be, `+` as it is.
pub(super) fn of_schemas(differences: &[Difference]) -> Vec<String> {
    differences.iter().flat_map(of_object).collect()
}

fn of_object(difference: &Difference) -> Vec<String> {
    match difference {
        Difference::Absent { object, expected } => signed('-', object, expected),
        Difference::Extra { object, found } => signed('+', object, found),
        Difference::Different {
            object,
            expected,
            found,
        } if expected.contains('\n') || found.contains('\n') => {
            let head = std::iter::once(format!("    {object}:"));
            head.chain(of_texts(expected, found)).collect()
        }
        Difference::Different {
            object,
            expected,
            found,
        } => [signed('-', object, expected), signed('+', object, found)].concat(),
    }
}

fn signed(sign: char, object: &str, definition: &str) -> Vec<String> {
    let text = if definition.is_empty() {
        object.to_owned()
    } else {
        format!("{object}: {definition}")
    };
    text.lines()
        .map(|line| format!("  {sign} {line}"))
        .collect()
}
