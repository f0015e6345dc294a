use std::error::Error;
use std::io;

use diesel::result::{ConnectionError, Error as DieselError};
use tenantry::BoxError;
use tenantry::ports::ScopeError;

use super::StatementRefused;

/// What is behind an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody holds a lock.
    Busy,
    /// No room is left.
    Full,
    /// No right to do it.
    Forbidden,
    /// The file can't be opened or read just now.
    Unavailable,
    /// The schema changed while a statement ran.
    Changed,
    /// The file is no SQLite file.
    NotADatabase,
    /// A table isn't there.
    NoSuchTable,
    /// The work touched the transaction of its scope.
    Transaction,
    /// Anything else.
    Other,
}

/// An error and what is behind it.
#[derive(Debug)]
pub(crate) struct Classified {
    pub(crate) cause: Cause,
    pub(crate) source: BoxError,
}

impl From<DieselError> for Classified {
    fn from(error: DieselError) -> Self {
        Self {
            cause: of_diesel(&error),
            source: error.into(),
        }
    }
}

impl From<ConnectionError> for Classified {
    fn from(error: ConnectionError) -> Self {
        let cause = match &error {
            ConnectionError::BadConnection(said) => of_text(said),
            ConnectionError::CouldntSetupConfiguration(error) => of_diesel(error),
            _ => Cause::Other,
        };
        Self {
            cause,
            source: error.into(),
        }
    }
}

impl From<ScopeError> for Classified {
    fn from(error: ScopeError) -> Self {
        let cause = match &error {
            ScopeError::Unavailable { .. }
            | ScopeError::PoolExhausted { .. }
            | ScopeError::TenantLimit { .. } => Cause::Unavailable,
            ScopeError::StorageFull { .. } => Cause::Full,
            _ => Cause::Other,
        };
        Self {
            cause,
            source: error.into(),
        }
    }
}

impl From<io::Error> for Classified {
    fn from(error: io::Error) -> Self {
        Self {
            cause: of_io(error.kind()),
            source: error.into(),
        }
    }
}

impl From<BoxError> for Classified {
    fn from(source: BoxError) -> Self {
        Self {
            cause: of_any(&*source),
            source,
        }
    }
}

/// The first cause in the chain of sources that has a name.
fn of_any(error: &(dyn Error + 'static)) -> Cause {
    let here = if let Some(error) = error.downcast_ref::<DieselError>() {
        of_diesel(error)
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        of_io(error.kind())
    } else {
        of_text(&error.to_string())
    };
    match (here, error.source()) {
        (Cause::Other, Some(source)) => of_any(source),
        _ => here,
    }
}

fn of_diesel(error: &DieselError) -> Cause {
    match error {
        DieselError::DatabaseError(_, information) => of_text(information.message()),
        DieselError::QueryBuilderError(source) => match source.downcast_ref::<StatementRefused>() {
            Some(StatementRefused::Transaction | StatementRefused::TransactionEnded) => {
                Cause::Transaction
            }
            _ => Cause::Other,
        },
        DieselError::RollbackErrorOnCommit { commit_error, .. } => of_diesel(commit_error),
        _ => Cause::Other,
    }
}

fn of_io(kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Cause::Forbidden,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Cause::Full,
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Cause::Busy,
        _ => Cause::Unavailable,
    }
}

/// Diesel hands on the text of an SQLite error, and not its number. These texts are part of SQLite's source and have
/// been the same for twenty years; a test provokes each that decides something.
fn of_text(said: &str) -> Cause {
    const TEXTS: [(&str, Cause); 14] = [
        ("database is locked", Cause::Busy),
        ("database table is locked", Cause::Busy),
        ("database schema is locked", Cause::Busy),
        ("locking protocol", Cause::Busy),
        ("database or disk is full", Cause::Full),
        ("No space left on device", Cause::Full),
        ("attempt to write a readonly database", Cause::Forbidden),
        ("access permission denied", Cause::Forbidden),
        ("nable to open", Cause::Unavailable),
        ("disk I/O error", Cause::Unavailable),
        ("database schema has changed", Cause::Changed),
        ("file is not a database", Cause::NotADatabase),
        ("database disk image is malformed", Cause::NotADatabase),
        ("no such table", Cause::NoSuchTable),
    ];
    TEXTS
        .into_iter()
        .find(|(text, _)| said.contains(text))
        .map_or(Cause::Other, |(_, cause)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_told_apart() {
        let of = |kind| Classified::from(io::Error::from(kind)).cause;
        assert_eq!(of(io::ErrorKind::PermissionDenied), Cause::Forbidden);
        assert_eq!(of(io::ErrorKind::StorageFull), Cause::Full);
        assert_eq!(of(io::ErrorKind::NotFound), Cause::Unavailable);
    }

    #[test]
    fn a_cause_is_found_behind_other_errors() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let wrapped: BoxError = Box::new(io::Error::other(full));
        assert_eq!(Classified::from(wrapped).cause, Cause::Unavailable);
        let refused = DieselError::QueryBuilderError(Box::new(StatementRefused::Transaction));
        let boxed: BoxError = refused.into();
        assert_eq!(Classified::from(boxed).cause, Cause::Transaction);
    }
}
