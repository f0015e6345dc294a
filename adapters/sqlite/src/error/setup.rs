use std::io;
use std::path::PathBuf;

use tenantry::BoxError;

/// Why the folder of the files can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Others than its owner may write to it, and so put a file in a tenant's place.
    #[error(
        "folder {} may be written by others (mode {mode:o}): run chmod go-w on it",
        path.display()
    )]
    FolderOpen {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Its path can't be handed to SQLite.
    #[error("path {} isn't UTF-8 or holds a NUL: choose another folder", path.display())]
    Path {
        /// Which.
        path: PathBuf,
    },
    /// A folder or a file can't be made or read.
    #[error("{} can't be made or read: check that the folder is yours and has room", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite can't set up a file.
    #[error("{} can't be set up as an SQLite file: check that it is one, and has room", path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        source: BoxError,
    },
}

/// A statement that a scope doesn't run. It comes as the source of a Diesel
/// [`QueryBuilderError`](diesel::result::Error::QueryBuilderError).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementRefused {
    /// It would open another file, or close one that the scope needs.
    #[error(
        "ATTACH and DETACH aren't run in a scope, which holds one tenant's file and the shared one as \"public\""
    )]
    Attach,
    /// It would begin or end the transaction that the scope itself began.
    #[error(
        "BEGIN, COMMIT and ROLLBACK aren't run in a transaction scope, which begins and ends its transaction itself"
    )]
    Transaction,
    /// An earlier statement made SQLite end the transaction of the scope.
    #[error("an earlier failure ended the transaction of this scope: let its error end the scope")]
    TransactionEnded,
}
