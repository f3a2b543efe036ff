//! Small migrations, as many as are wanted.

/// The file name and the text of one, which makes a table of its own; numbers begin with 1. Nine a day, so that no counter
/// needs a zero before it.
pub(crate) fn migration(number: usize) -> (String, String) {
    let (day, counter) = ((number - 1) / 9, (number - 1) % 9 + 1);
    let (year, month, day) = (2001 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let name = format!("{year}_{month:02}_{day:02}_{counter}_create_small_{number}.sql");
    let text = format!(
        "-- One of many.\nCREATE TABLE IF NOT EXISTS small_{number} (id int PRIMARY KEY);\n\n\
         -- Rollback:\n--   DROP TABLE small_{number};\n--   -- Data loss: all rows.\n"
    );
    (name, text)
}
