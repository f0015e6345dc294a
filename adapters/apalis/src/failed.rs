use sqlx::Error;
use tenantry::ports::JobQueueError;

/// Why a statement failed, in the port's words.
pub(crate) fn failed(error: Error) -> JobQueueError {
    let class = class_of(&error);
    let source = error.into();
    match class {
        Class::Unavailable => JobQueueError::Unavailable { source },
        Class::Full => JobQueueError::StorageFull { source },
        Class::NotSetUp => JobQueueError::NotSetUp {
            advice: "call PostgresStorage::setup of apalis-postgres, version 1",
            source,
        },
        Class::Other => JobQueueError::Failed { source },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Unavailable,
    Full,
    NotSetUp,
    Other,
}

fn class_of(error: &Error) -> Class {
    match error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => Class::Unavailable,
        Error::Database(error) => error
            .code()
            .map_or(Class::Other, |code| class_of_code(&code)),
        _ => Class::Other,
    }
}

fn class_of_code(code: &str) -> Class {
    match code {
        // The disk, then memory and connections: of the same class, and not the same.
        "53100" => Class::Full,
        // A deadlock, a serialisation failure, a lock or a statement that took too long.
        "40P01" | "40001" | "55P03" | "57014" => Class::Unavailable,
        // No such schema, table, column, function or type.
        "3F000" | "42P01" | "42703" | "42883" | "42704" => Class::NotSetUp,
        code if ["08", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Class::Unavailable
        }
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_server_are_told_apart() {
        for (code, class) in [
            ("53100", Class::Full),
            ("53300", Class::Unavailable),
            ("57P01", Class::Unavailable),
            ("08006", Class::Unavailable),
            ("42P01", Class::NotSetUp),
            ("23514", Class::Other),
        ] {
            assert_eq!(class_of_code(code), class, "{code}");
        }
        assert_eq!(class_of(&Error::PoolTimedOut), Class::Unavailable);
        assert_eq!(class_of(&Error::RowNotFound), Class::Other);
    }
}
