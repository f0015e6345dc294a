use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use tenantry::BoxError;

/// Why benchmarks couldn't be run, recorded or reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The subject, or the store below it, refused.
    #[error("can't measure {subject}: {action} failed")]
    Subject {
        /// What the subject is called.
        subject: &'static str,
        /// What was asked of it.
        action: &'static str,
        /// What it said.
        source: BoxError,
    },
    /// The results can't be read or written.
    #[error("can't use {} for the results: make sure that it is a folder of yours", path.display())]
    Files {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of results isn't what it should be.
    #[error("{} doesn't hold results that this version writes: delete it and measure again", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// There is nothing to report.
    #[error("{} holds no results: run the benchmarks first", folder.display())]
    NothingMeasured {
        /// Where they were looked for.
        folder: PathBuf,
    },
}

impl BenchError {
    pub(crate) fn files(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Files { path, source }
    }

    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(serde_json::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }
}

/// An error with all that is behind it, for a benchmark that can't go on.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let _ = write!(text, ": {source}");
        next = source.source();
    }
    text
}
