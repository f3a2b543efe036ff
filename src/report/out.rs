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
        let mut parts = report.parts(self.paint);
        let last = match self.format {
            Format::Text => self.parts(parts)?,
            Format::Json => {
                self.document(report)?;
                parts.next_back().unwrap_or_default()
            }
        };
        let last_line = last.lines().last().unwrap_or_default();
        last_line.clone_into(&mut self.last_line);
        Ok(())
    }

    /// Writes them, and has the last.
    fn parts(&mut self, parts: impl Iterator<Item = String>) -> anyhow::Result<String> {
        let mut buffered = Buffered::new(self);
        let mut last = String::new();
        for part in parts {
            buffered.add(part.as_bytes()).context(NOT_WRITTEN)?;
            last = part;
        }
        buffered.flush().context(NOT_WRITTEN)?;
        Ok(last)
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
        if let Some((frame, field)) = self.frame.take() {
            let json = within(&frame, field, &json_of(report)?);
            return self.write(format!("{json}\n").as_bytes());
        }
        let mut buffered = Buffered::new(self);
        match serde_json::to_writer_pretty(&mut buffered, report) {
            Err(error) if error.is_io() => Err(io::Error::from(error)).context(NOT_WRITTEN),
            result => result.context(NO_JSON),
        }?;
        buffered.add(b"\n").context(NOT_WRITTEN)?;
        buffered.flush().context(NOT_WRITTEN)
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.put(bytes).context(NOT_WRITTEN)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self
            .writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.writer = Box::new(io::sink());
                Ok(())
            }
            result => result,
        }
    }
}

const NOT_WRITTEN: &str = "stdout cannot be written";

const NO_JSON: &str = "the result cannot be written as JSON";

/// As much as a pipe takes at once.
const CHUNK: usize = 64 << 10;

/// Hands on what is written in chunks: what fits into one comes to the reader as a whole.
struct Buffered<'o> {
    out: &'o mut Out,
    bytes: Vec<u8>,
}

impl<'o> Buffered<'o> {
    fn new(out: &'o mut Out) -> Self {
        let bytes = Vec::with_capacity(CHUNK);
        Self { out, bytes }
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.len() + bytes.len() > CHUNK {
            self.flush()?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl Write for Buffered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.put(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

fn json_of(report: &impl Report) -> anyhow::Result<String> {
    serde_json::to_string_pretty(report).context(NO_JSON)
}

/// A document as the last field of another. As text: a map would put the fields in another order.
fn within(frame: &str, field: &str, document: &str) -> String {
    let frame = frame.trim_end_matches('}').trim_end();
    let document = document.replace('\n', "\n  ");
    format!("{frame},\n  \"{field}\": {document}\n}}")
}
