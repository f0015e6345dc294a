use redis::{ErrorKind, RedisError, ServerErrorKind};
use tenantry::cache::CacheError;

#[cfg(feature = "tls")]
use crate::tls::Distrust;

/// Sorts what the library or the server said.
pub(crate) fn sorted(error: RedisError) -> CacheError {
    let full = |error: &RedisError| {
        error.code() == Some("OOM")
            || error
                .detail()
                .is_some_and(|text| text.contains("OOM command"))
    };
    if full(&error) {
        return CacheError::Full {
            source: Box::new(error),
        };
    }
    let class = class(&error);
    let source = Box::new(error);
    match class {
        #[cfg(feature = "tls")]
        Class::Untrusted => CacheError::Untrusted { source },
        Class::Unavailable => CacheError::Unavailable { source },
        Class::Forbidden => CacheError::Forbidden { source },
        Class::Failed => CacheError::Failed { source },
    }
}

/// Whether the connection it happened on is of no further use.
pub(crate) fn breaks_connection(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse)
}

enum Class {
    #[cfg(feature = "tls")]
    Untrusted,
    Unavailable,
    Forbidden,
    Failed,
}

fn class(error: &RedisError) -> Class {
    #[cfg(feature = "tls")]
    match Distrust::of(error) {
        Some(Distrust::Ours) => return Class::Untrusted,
        Some(Distrust::Theirs) => return Class::Forbidden,
        None => {}
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
            Class::Forbidden
        }
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly,
        ) => Class::Unavailable,
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS") => Class::Forbidden,
            Some("BUSY" | "MISCONF" | "NOREPLICAS") => Class::Unavailable,
            _ => Class::Failed,
        },
    }
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    fn answered(line: &str) -> CacheError {
        let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        let Value::ServerError(error) = value else {
            panic!("{value:?}");
        };
        sorted(error.into())
    }

    #[test]
    fn what_the_server_says_is_sorted_by_what_can_be_done() {
        for line in [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed when used memory > 'maxmemory'.",
        ] {
            assert!(matches!(answered(line), CacheError::Full { .. }), "{line}");
        }
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.",
            "MASTERDOWN Link with MASTER is down",
            "BUSY Redis is busy running a script.",
            "MISCONF Redis is configured to save RDB snapshots",
        ] {
            assert!(
                matches!(answered(line), CacheError::Unavailable { .. }),
                "{line}"
            );
        }
        for line in [
            "NOAUTH Authentication required.",
            "WRONGPASS invalid username-password pair or user is disabled.",
            "NOPERM this user has no permissions to run the 'get' command",
        ] {
            assert!(
                matches!(answered(line), CacheError::Forbidden { .. }),
                "{line}"
            );
        }
        for line in [
            "ERR unknown command 'X'",
            "WRONGTYPE Operation against a key",
        ] {
            assert!(
                matches!(answered(line), CacheError::Failed { .. }),
                "{line}"
            );
        }
    }
}
