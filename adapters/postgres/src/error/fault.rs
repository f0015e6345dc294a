use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// What kind of failure a Diesel error is.
///
/// Diesel keeps no SQLSTATE. What it tells by [`DatabaseErrorKind`] is taken from there; the rest is told by the
/// server's English text, so a server whose `lc_messages` is another language gives [`Fault::Other`] instead of
/// the kinds that are marked with *English text*. Nothing that keeps tenants apart depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is gone, or can't be used any more.
    Unavailable,
    /// A lock wasn't free within `lock_timeout`. *English text.*
    LockTimeout,
    /// The statement was cancelled: by `statement_timeout` or by somebody. *English text.*
    Cancelled,
    /// Two transactions waited for each other, or couldn't be put in order: the same work can succeed now.
    /// *English text* for deadlocks.
    Conflict,
    /// What Diesel keeps for a connection is out of date: a plan whose table was altered, a type that was made anew, or a
    /// prepared statement that was deallocated. *English text.*
    PlanStale,
    /// A name stands for no table. *English text.*
    UndefinedTable,
    /// A name stands for no schema. *English text.*
    UndefinedSchema,
    /// The role lacks a right. *English text.*
    Forbidden,
    /// The disk, or a quota, is full. *English text.*
    StorageFull,
    /// The server has no locks or connections left. *English text.*
    Exhausted,
    /// A unique constraint refused a row.
    UniqueViolation,
    /// Anything else: the statement itself is wrong, or refused.
    Other,
}

impl Fault {
    /// Sorts an error.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::DatabaseError(kind, information) => {
                Self::of_database_error(*kind, information.as_ref())
            }
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::of(commit_error),
            Error::BrokenTransactionManager => Self::Unavailable,
            _ => Self::Other,
        }
    }

    fn of_database_error(
        kind: DatabaseErrorKind,
        information: &(dyn DatabaseErrorInformation + Send + Sync),
    ) -> Self {
        match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unavailable
            }
            DatabaseErrorKind::SerializationFailure => Self::Conflict,
            DatabaseErrorKind::UniqueViolation => Self::UniqueViolation,
            DatabaseErrorKind::Unknown => Self::of_text(information.message()),
            _ => Self::Other,
        }
    }

    fn of_text(message: &str) -> Self {
        const TEXTS: &[(&str, Fault)] = &[
            (
                "canceling statement due to lock timeout",
                Fault::LockTimeout,
            ),
            ("could not obtain lock on", Fault::LockTimeout),
            ("canceling statement due to", Fault::Cancelled),
            ("deadlock detected", Fault::Conflict),
            ("cached plan must not change result type", Fault::PlanStale),
            ("cache lookup failed for type", Fault::PlanStale),
            ("permission denied", Fault::Forbidden),
            ("must be owner of", Fault::Forbidden),
            ("No space left on device", Fault::StorageFull),
            ("could not extend file", Fault::StorageFull),
            ("out of shared memory", Fault::Exhausted),
            ("too many clients", Fault::Exhausted),
            ("remaining connection slots", Fault::Exhausted),
            ("terminating connection", Fault::Unavailable),
            ("server closed the connection", Fault::Unavailable),
            ("no connection to the server", Fault::Unavailable),
            ("the database system is", Fault::Unavailable),
            ("SSL connection has been closed", Fault::Unavailable),
        ];
        let known = TEXTS
            .iter()
            .find(|(text, _)| message.contains(text))
            .map(|(_, fault)| *fault);
        known.unwrap_or_else(|| Self::of_missing_name(message))
    }

    fn of_missing_name(message: &str) -> Self {
        if !message.ends_with("does not exist") {
            Self::Other
        } else if message.starts_with("relation ") {
            Self::UndefinedTable
        } else if message.starts_with("schema ") {
            Self::UndefinedSchema
        } else if message.starts_with("prepared statement \"__diesel_stmt_") {
            Self::PlanStale
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, message: &str) -> Error {
        Error::DatabaseError(kind, Box::new(message.to_owned()))
    }

    #[test]
    fn a_server_s_text_is_sorted_by_what_to_do_next() {
        for (message, fault) in [
            (
                "canceling statement due to lock timeout",
                Fault::LockTimeout,
            ),
            ("canceling statement due to user request", Fault::Cancelled),
            ("cached plan must not change result type", Fault::PlanStale),
            ("cache lookup failed for type 16399", Fault::PlanStale),
            (
                "prepared statement \"__diesel_stmt_7\" does not exist",
                Fault::PlanStale,
            ),
            ("prepared statement \"mine\" does not exist", Fault::Other),
            ("relation \"t\" does not exist", Fault::UndefinedTable),
            ("schema \"s\" does not exist", Fault::UndefinedSchema),
            ("column \"c\" does not exist", Fault::Other),
            ("permission denied for schema s", Fault::Forbidden),
            ("division by zero", Fault::Other),
        ] {
            let error = said(DatabaseErrorKind::Unknown, message);
            assert_eq!(Fault::of(&error), fault, "{message}");
        }
    }

    #[test]
    fn a_closed_connection_is_known_whatever_its_text() {
        let error = said(DatabaseErrorKind::ClosedConnection, "Verbindung beendet");
        assert_eq!(Fault::of(&error), Fault::Unavailable);
        assert_eq!(
            Fault::of(&Error::BrokenTransactionManager),
            Fault::Unavailable
        );
    }
}
