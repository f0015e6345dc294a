use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::map::{Address, address};
use crate::error::breaks_connection;

/// What a node says that isn't, or not alone, the one to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// The slot is served by this node from now on.
    Moved(Address),
    /// This entry is with another node already, this once.
    Ask(Address),
    /// The slot is on its way, and the entries of the call are on two nodes.
    Wait,
}

impl Redirect {
    pub(super) fn of(error: &RedisError, asked_at: &str) -> Option<Self> {
        let elsewhere = || {
            let (node, _) = error.redirect_node()?;
            let (host, port) = node.rsplit_once(':')?;
            Some(address(host, port.parse().ok()?, asked_at))
        };
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => elsewhere().map(Self::Moved),
            ErrorKind::Server(ServerErrorKind::Ask) => elsewhere().map(Self::Ask),
            ErrorKind::Server(ServerErrorKind::TryAgain) => Some(Self::Wait),
            _ => None,
        }
    }
}

/// Whether another node may have taken this one's place.
pub(super) fn raises_doubt(error: &RedisError) -> bool {
    let kind = error.kind();
    breaks_connection(error)
        || matches!(
            kind,
            ErrorKind::Server(
                ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::BusyLoading
            )
        )
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    fn said(line: &str) -> Option<Redirect> {
        let value = parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        let Value::ServerError(error) = value else {
            panic!("{value:?}");
        };
        Redirect::of(&error.into(), "here:1")
    }

    #[test]
    fn redirections_say_which_node_and_anything_else_is_none() {
        let node = |text: &str| text.to_owned();
        assert_eq!(
            said("MOVED 3999 10.0.0.1:6381"),
            Some(Redirect::Moved(node("10.0.0.1:6381")))
        );
        assert_eq!(
            said("MOVED 3999 :6381"),
            Some(Redirect::Moved(node("here:6381")))
        );
        assert_eq!(
            said("ASK 3999 ::1:6381"),
            Some(Redirect::Ask(node("::1:6381")))
        );
        assert_eq!(
            said("TRYAGAIN Multiple keys request during rehashing"),
            Some(Redirect::Wait)
        );
        assert_eq!(said("CLUSTERDOWN The cluster is down"), None);
        assert_eq!(said("MOVED 3999"), None);
    }
}
