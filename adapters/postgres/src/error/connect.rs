use std::fmt;

use tenantry::Retry;

use crate::ConfigError;

/// Why no connection could be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The settings contradict this build: see the source.
    #[error("the connection's settings can't be used")]
    Config(#[from] ConfigError),
    /// The server can't be reached, refused the connection, or the name or password is wrong.
    #[error(
        "can't connect to PostgreSQL at {target}: check that it runs there and that the role may log in"
    )]
    Refused {
        /// Where, without secrets.
        target: String,
        /// What libpq said.
        source: ServerSaid,
    },
    /// The connection was opened, but its session couldn't be set up.
    #[error("can't set up the session on PostgreSQL at {target}")]
    SetUp {
        /// Where, without secrets.
        target: String,
        /// What the server said.
        source: ServerSaid,
    },
    /// A pooler hands the server out by transaction, where this needs a session of its own.
    #[error("a pooler is in between at {target}: give the address of PostgreSQL itself for this")]
    PoolerInBetween {
        /// Where, without secrets.
        target: String,
    },
    /// The server is older than what Tenantry is made for.
    #[error("PostgreSQL at {target} is version {found}: use {minimum} or newer")]
    TooOld {
        /// Where, without secrets.
        target: String,
        /// Its major version.
        found: i32,
        /// The oldest that works.
        minimum: i32,
    },
}

impl ConnectError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused { .. } | Self::SetUp { .. } => Retry::Later,
            Self::Config(_) | Self::PoolerInBetween { .. } | Self::TooOld { .. } => Retry::Never,
        }
    }
}

/// A text of the server or of libpq, with every secret of the connection's settings taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSaid(String);

impl ServerSaid {
    /// Takes a text that holds no secret any more.
    pub(crate) fn scrubbed(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl std::error::Error for ServerSaid {}
