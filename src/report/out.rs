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
    frame: Option<(serde_json::Map<String, serde_json::Value>, &'static str)>,
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
        if let serde_json::Value::Object(frame) = value(report)? {
            self.frame = Some((frame, field));
        }
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

    fn document(&mut self, report: &impl Report) -> anyhow::Result<()> {
        self.has_document = true;
        let mut json = match self.frame.take() {
            Some((mut frame, field)) => {
                frame.insert(field.to_owned(), value(report)?);
                serde_json::to_vec_pretty(&frame)
            }
            None => serde_json::to_vec_pretty(report),
        }
        .context(NOT_JSON)?;
        json.push(b'\n');
        self.write(&json)
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

const NOT_JSON: &str = "the result cannot be written as JSON";

fn value(report: &impl Report) -> anyhow::Result<serde_json::Value> {
    serde_json::to_value(report).context(NOT_JSON)
}
