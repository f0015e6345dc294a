use diesel::result::Error;

use super::script;
use crate::Fault;

/// What went wrong in work on a schema, by what a caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A lock wasn't free in time, or two transactions waited for each other.
    Busy,
    /// The role lacks a right.
    Forbidden,
    /// The disk, or a quota, is full.
    StorageFull,
    /// The server's table of locks is full.
    LockTableFull,
    /// The server is away, going away, or has no room for a connection.
    Unavailable,
    /// It can't be done in a transaction.
    NotInTransaction,
    /// It would end the transaction, or copy from or to the client.
    EndsTransaction,
    /// A value of an enum that was added in the same transaction.
    FreshEnumValue,
    /// Anything else.
    Other,
}

impl Trouble {
    pub(crate) fn of(error: &Error) -> Self {
        match script::sqlstate(error) {
            Some(code) => Self::of_code(code, script::hint(error)),
            None => Self::of_fault(Fault::of(error), script::hint(error)),
        }
    }

    fn of_code(code: &str, hint: Option<&str>) -> Self {
        match code {
            "55P03" | "40P01" | "40001" => Self::Busy,
            "42501" => Self::Forbidden,
            "53100" => Self::StorageFull,
            "53200" if names_lock_setting(hint) => Self::LockTableFull,
            "25001" => Self::NotInTransaction,
            script::REFUSED_BY_EXECUTE => Self::EndsTransaction,
            "55P04" => Self::FreshEnumValue,
            "57014" => Self::Other,
            _ if ["08", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                Self::Unavailable
            }
            _ => Self::Other,
        }
    }

    fn of_fault(fault: Fault, hint: Option<&str>) -> Self {
        match fault {
            Fault::LockTimeout | Fault::Conflict => Self::Busy,
            Fault::Forbidden => Self::Forbidden,
            Fault::StorageFull => Self::StorageFull,
            Fault::Exhausted if names_lock_setting(hint) => Self::LockTableFull,
            Fault::Exhausted | Fault::Unavailable => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

/// The setting's name is the same in every language of the server.
fn names_lock_setting(hint: Option<&str>) -> bool {
    hint.is_some_and(|text| text.contains("max_locks_per_transaction"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_to_do_next() {
        let of = |code| Trouble::of_code(code, None);
        assert_eq!(of("55P03"), Trouble::Busy);
        assert_eq!(of("57P01"), Trouble::Unavailable);
        assert_eq!(of("42P01"), Trouble::Other);
        assert_eq!(of("53200"), Trouble::Unavailable);
        let hint = Some("Puede ser necesario incrementar max_locks_per_transaction.");
        assert_eq!(Trouble::of_code("53200", hint), Trouble::LockTableFull);
    }
}
