//! What was measured, as tables for people and as JSON for programs.

mod json;
mod tables;
mod units;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::BenchError;
use crate::results::Results;

/// All that was measured into one folder.
///
/// Shown, it is Markdown: the budget comes first, then the goals and the rates, then each group of benchmarks with the
/// ratio of each row to its floor, and last the conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    subjects: Vec<Results>,
}

impl Report {
    /// Reads what runs wrote into `folder`: the last one of each subject.
    ///
    /// # Errors
    /// If there is nothing, or something that can't be read.
    pub fn read(folder: &Path) -> Result<Self, BenchError> {
        let subjects = Results::read_all(folder)?;
        Ok(Self { subjects })
    }

    /// Writes the report into `folder` as `bench.json`, and returns its path.
    ///
    /// Times are nanoseconds. `budget` has an entry for each row of the budget, in which `measured` is null where
    /// nothing was.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write_json(&self, folder: &Path) -> Result<PathBuf, BenchError> {
        let path = folder.join("bench.json");
        let text = serde_json::to_string_pretty(&json::Document::of(&self.subjects))
            .map_err(BenchError::unreadable(&path))?;
        fs::write(&path, text + "\n").map_err(BenchError::files(&path))?;
        Ok(path)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tables::show(&self.subjects, f)
    }
}
