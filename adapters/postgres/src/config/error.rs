/// Why a text gives no usable settings. It never repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is neither a URI nor `key=value` pairs.
    #[error(
        "the connection's settings can't be read: {reason}; write postgresql://user:password@host:port/database with special characters as %40 and the like, or key=value pairs"
    )]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// TLS is asked for, and this build has none.
    #[error(
        "sslmode={mode} asks for TLS, which this build's bundled libpq lacks: build with the system's libpq (the command: --no-default-features --features system-libpq; the library: without its feature \"bundled\")"
    )]
    TlsUnavailable {
        /// What was asked for.
        mode: &'static str,
    },
}
