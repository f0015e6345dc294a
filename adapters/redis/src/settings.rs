use std::fmt;
use std::time::Duration;

use redis::{Client, ConnectionInfo, IntoConnectionInfo};

/// Where the server is, and how long it may take.
///
/// `Debug` shows neither user nor password.
#[derive(Clone)]
pub struct RedisSettings {
    address: ConnectionInfo,
    deadline: Duration,
}

impl RedisSettings {
    /// The deadline unless another is set.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(1);

    /// Takes a URL: `redis://[user][:password@]host[:port][/database]`, or `redis+unix:///path`.
    ///
    /// # Errors
    /// [`RedisSettingsError`], for what isn't such a URL. The error doesn't show it, since it may hold a password.
    pub fn new(url: &str) -> Result<Self, RedisSettingsError> {
        let over_tls = url.starts_with("rediss://") || url.starts_with("valkeys://");
        // The library's error may show a part of the URL.
        let address = url.into_connection_info().map_err(|_| {
            if over_tls {
                RedisSettingsError::Unsupported
            } else {
                RedisSettingsError::NotAUrl
            }
        })?;
        let settings = Self {
            address,
            deadline: Self::DEFAULT_DEADLINE,
        };
        settings.client()?;
        Ok(settings)
    }

    /// How long one round trip may take, with connecting if need be. Without it, a second.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(crate) fn client(&self) -> Result<Client, RedisSettingsError> {
        Client::open(self.address.clone()).map_err(|_| RedisSettingsError::Unsupported)
    }

    pub(crate) fn round_trip(&self) -> Duration {
        self.deadline
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("address", &self.address.addr().to_string())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why settings can't be made of a URL. It never shows the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisSettingsError {
    /// It isn't a URL of a Redis server.
    #[error(
        "the URL of the cache can't be read: write redis://:password@host:6379/0, with %XX for special characters"
    )]
    NotAUrl,
    /// It asks for what this build can't do, such as TLS.
    #[error(
        "the URL of the cache asks for what this build can't do: TLS needs a tunnel, such as stunnel"
    )]
    Unsupported,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_errors_show_a_secret() {
        let settings = RedisSettings::new("redis://ada:s3cret@localhost:7000/2").unwrap();
        let shown = format!("{settings:?}");
        assert!(shown.contains("localhost:7000"), "{shown}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("ada"),
            "{shown}"
        );
        for refused in [
            "s3cret",
            "http://:s3cret@localhost",
            "redis://:s3cret@localhost/nodatabase",
            "rediss://:s3cret@localhost",
            "redis://:s3cret@localhost/?protocol=s3cret",
        ] {
            let error = RedisSettings::new(refused).map(|_| ()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn tls_is_refused_as_what_this_build_cant_do() {
        let error = RedisSettings::new("rediss://localhost")
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().contains("TLS"), "{error}");
    }
}
