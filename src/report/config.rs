//! What `config` says: every setting, its value and where it came from.

use serde::Serialize;

use super::{Paint, Report};
use crate::config::Origin;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/config/1";

/// The result of `config`.
#[derive(Debug, Serialize)]
pub struct ConfigReport {
    schema: &'static str,
    /// Every setting, in the order of the documentation.
    pub settings: Vec<Origin>,
}

impl ConfigReport {
    /// Puts settings into a report.
    pub fn new(settings: Vec<Origin>) -> Self {
        Self {
            schema: SCHEMA,
            settings,
        }
    }
}

impl Report for ConfigReport {
    fn text(&self, _: Paint) -> String {
        let shown = |row: &Origin| row.value.clone().unwrap_or_else(|| "-".to_owned());
        let keys = self
            .settings
            .iter()
            .map(|row| row.key.len())
            .max()
            .unwrap_or_default();
        let values = self
            .settings
            .iter()
            .map(|row| shown(row).chars().count())
            .max()
            .unwrap_or_default();
        let line = |row: &Origin| {
            let line = format!(
                "{:keys$}  {:values$}  {}",
                row.key,
                shown(row),
                row.origin.as_deref().unwrap_or("not set")
            );
            format!("{}\n", line.trim_end())
        };
        self.settings.iter().map(line).collect()
    }
}
