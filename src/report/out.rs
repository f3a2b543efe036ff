//! stdout. A reader that has gone away is no error, and does not stop a run.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;

use super::{Paint, Report};
use crate::config::{Format, Output};
use crate::log::use_color;

/// Where results go.
pub struct Out {
    writer: Box<dyn Write + Send>,
    format: Format,
    paint: Paint,
    has_document: bool,
    frame: Option<(String, &'static str)>,
    last_line: String,
}

impl Out {
    /// stdout, as the settings want it.
    pub fn stdout(output: Output) -> Self {
        let stdout = io::stdout();
        let paint = Paint(use_color(output.color, stdout.is_terminal()));
        Self {
            writer: Box::new(stdout),
            format: output.format,
            paint,
            has_document: false,
            frame: None,
            last_line: String::new(),
        }
    }

    /// Any other place, for those who use this crate as a library.
    pub fn to(writer: impl Write + Send + 'static, format: Format, paint: Paint) -> Self {
        Self {
            writer: Box::new(writer),
            format,
            paint,
            has_document: false,
            frame: None,
            last_line: String::new(),
        }
    }

    /// For whom it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is coloured.
    pub fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether a JSON document was written.
    pub fn has_document(&self) -> bool {
        self.has_document
    }

    /// The last line of the last result, which sums it up.
    pub fn last_line(&self) -> &str {
        &self.last_line
    }

    /// Writes a result in the form that is wanted.
    ///
    /// # Errors
    /// stdout takes no more, for another reason than that its reader has gone away.
    pub fn report(&mut self, report: &impl Report) -> anyhow::Result<()> {
        let text = report.text(self.paint);
        let last_line = text.lines().last().unwrap_or_default();
        last_line.clone_into(&mut self.last_line);
        match self.format {
            Format::Text => self.text(&text),
            Format::Json => self.document(report),
        }
    }

    /// Writes a result that another follows. There is one document for both: the second becomes a field of the first.
    ///
    /// # Errors
    /// As [`Out::report`].
    pub fn report_around(
        &mut self,
        report: &impl Report,
        field: &'static str,
    ) -> anyhow::Result<()> {
        if self.format == Format::Text {
            return self.report(report);
        }
        self.frame = Some((json_of(report)?, field));
        Ok(())
    }

    /// Writes text where text is wanted, at once: a run may be long.
    ///
    /// # Errors
    /// As [`Out::report`].
    pub fn text(&mut self, text: &str) -> anyhow::Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        self.write(text.as_bytes())
    }

    /// Writes what has one form for everybody: a file.
    ///
    /// # Errors
    /// As [`Out::report`].
    pub fn file(&mut self, text: &str) -> anyhow::Result<()> {
        self.write(text.as_bytes())
    }

    fn document(&mut self, report: &impl Report) -> anyhow::Result<()> {
        self.has_document = true;
        let mut json = json_of(report)?;
        if let Some((frame, field)) = self.frame.take() {
            json = within(&frame, field, &json);
        }
        json.push('\n');
        self.write(json.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self
            .writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.writer = Box::new(io::sink());
                Ok(())
            }
            result => result.context("stdout cannot be written"),
        }
    }
}

fn json_of(report: &impl Report) -> anyhow::Result<String> {
    serde_json::to_string_pretty(report).context("the result cannot be written as JSON")
}

/// A document as the last field of another. As text: a map would put the fields in another order.
fn within(frame: &str, field: &str, document: &str) -> String {
    let frame = frame.trim_end_matches('}').trim_end();
    let document = document.replace('\n', "\n  ");
    format!("{frame},\n  \"{field}\": {document}\n}}")
}
