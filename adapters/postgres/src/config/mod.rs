//! Which server, as whom: the usual libpq settings, kept so that no secret is ever shown.

mod error;
mod key_value;
mod uri;

use std::fmt;
use std::str::FromStr;

pub use error::ConfigError;

use crate::ServerSaid;

/// How PostgreSQL is reached: what libpq accepts, as a URI or as `key=value` pairs.
///
/// `postgresql://app:secret@db.example/shop?sslmode=verify-full`, or `host=db.example user=app password=secret`.
/// What is left out is taken where libpq takes it from: `PGHOST` and its like, `~/.pgpass`, a service file.
///
/// Passwords appear neither in `Debug`, nor in an error, nor in the texts of libpq that an error carries.
///
/// ```
/// use tenantry_postgres::PostgresConfig;
///
/// let config: PostgresConfig = "postgresql://app:s3cret@db.example/shop".parse()?;
/// assert_eq!(config.target(), "host=db.example dbname=shop user=app");
/// assert!(!format!("{config:?}").contains("s3cret"));
/// # Ok::<(), tenantry_postgres::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PostgresConfig {
    parameters: Vec<(String, String)>,
    pooler: PoolerUse,
}

/// Whether connections lead to PostgreSQL itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolerUse {
    /// Find out with each new connection. See [`PostgresConfig::with_pooler`].
    #[default]
    Detect,
    /// There is a pooler in between, such as `PgBouncer` in its transaction mode: a server process serves this
    /// connection for one transaction only.
    Pooled,
}

impl PostgresConfig {
    const SECRETS: [&str; 3] = ["password", "sslpassword", "oauth_client_secret"];
    const SHOWN: [&str; 4] = ["host", "port", "dbname", "user"];

    /// Reads libpq's settings, as a URI or as `key=value` pairs.
    ///
    /// # Errors
    /// [`ConfigError`], which never repeats the text, since it may hold a password in the wrong place.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.contains('\0') {
            return Err(ConfigError::Malformed {
                reason: "it holds a NUL character",
            });
        }
        let parameters = match uri::without_scheme(text) {
            Some(rest) => uri::parse(rest)?,
            None => key_value::parse(text)?,
        };
        let config = Self {
            parameters,
            pooler: PoolerUse::default(),
        };
        config.refuse_lost_tls()?;
        Ok(config)
    }

    /// Says whether a pooler is in between, instead of finding out.
    ///
    /// Found out it is by a startup parameter of ours, which PostgreSQL keeps and a pooler refuses or drops.
    #[must_use]
    pub fn with_pooler(mut self, pooler: PoolerUse) -> Self {
        self.pooler = pooler;
        self
    }

    /// Replaces one of libpq's settings, or adds it: `with("dbname", "shop")`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.parameters.retain(|(known, _)| known != key);
        self.parameters.push((key.to_owned(), value.into()));
        self
    }

    /// Whether a pooler is in between.
    pub fn pooler(&self) -> PoolerUse {
        self.pooler
    }

    /// Where the connection goes and as whom, for a person: without secrets.
    pub fn target(&self) -> String {
        let shown: Vec<String> = Self::SHOWN
            .iter()
            .filter_map(|key| self.value(key).map(|value| format!("{key}={value}")))
            .collect();
        if shown.is_empty() {
            "its default address".to_owned()
        } else {
            shown.join(" ")
        }
    }

    /// The value of one of libpq's settings, if the text gave one.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let found = self.parameters.iter().rev().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Everything as `key=value` pairs for libpq, secrets included.
    pub(crate) fn connection_string(&self) -> String {
        key_value::write(&self.parameters)
    }

    /// `text` with every secret of these settings taken out.
    pub(crate) fn scrub(&self, text: &str) -> ServerSaid {
        let secrets = self
            .parameters
            .iter()
            .filter(|(key, value)| Self::SECRETS.contains(&key.as_str()) && !value.is_empty());
        let scrubbed = secrets.fold(text.to_owned(), |text, (_, secret)| {
            text.replace(secret.as_str(), "***")
        });
        ServerSaid::scrubbed(scrubbed)
    }

    /// Fails closed where TLS is asked for and this build has none, by the settings or by the environment.
    pub(crate) fn refuse_lost_tls(&self) -> Result<(), ConfigError> {
        const MODES: [&str; 3] = ["require", "verify-ca", "verify-full"];
        if !cfg!(feature = "bundled") {
            return Ok(());
        }
        let from_environment = std::env::var("PGSSLMODE").ok();
        let asked = self.value("sslmode").or(from_environment.as_deref());
        match MODES.into_iter().find(|mode| Some(*mode) == asked) {
            Some(mode) => Err(ConfigError::TlsUnavailable { mode }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameters, pooler } = self;
        let keys: Vec<&str> = parameters.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("PostgresConfig")
            .field("target", &self.target())
            .field("settings", &keys)
            .field("pooler", pooler)
            .finish()
    }
}

impl FromStr for PostgresConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> PostgresConfig {
        PostgresConfig::parse(text).expect("a good configuration")
    }

    #[test]
    fn a_uri_and_key_value_pairs_say_the_same() {
        let uri = config("postgres://ap%70:p%40ss@[::1]:5433/shop?application_name=x%20y");
        let pairs = config(
            "user=app password='p@ss' host = ::1 port=5433 dbname=shop \
             application_name='x y'",
        );
        for key in [
            "user",
            "password",
            "host",
            "port",
            "dbname",
            "application_name",
        ] {
            assert_eq!(uri.value(key), pairs.value(key), "{key}");
            assert!(uri.value(key).is_some(), "{key}");
        }
        assert_eq!(uri.value("password"), Some("p@ss"));
    }

    #[test]
    fn several_hosts_stay_several() {
        let uri = config("postgresql://a:1,b:2/shop?target_session_attrs=read-write");
        assert_eq!(uri.value("host"), Some("a,b"));
        assert_eq!(uri.value("port"), Some("1,2"));
    }

    #[test]
    fn what_libpq_gets_is_what_was_read() {
        let written = config(r"user=a password='it\'s \\ odd'").connection_string();
        assert_eq!(config(&written).value("password"), Some(r"it's \ odd"));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let config = config("postgres://app:hunter2@db/shop?sslpassword=swordfish");
        let shown = format!("{config:?} {}", config.target());
        assert!(
            !shown.contains("hunter2") && !shown.contains("swordfish"),
            "{shown}"
        );
        let said = config.scrub("can't use hunter2 or swordfish");
        assert_eq!(said.as_str(), "can't use *** or ***");
    }

    #[test]
    fn a_password_in_the_wrong_place_is_refused_and_not_repeated() {
        for text in [
            "postgres://app:hunter2@x@db/shop",
            "postgres://app:hunter2%zz@db/shop",
            "postgres://app:hunter2/@db/shop",
            "user=app password='hunter2",
            "user=app hunter2",
            "postgres://app@db/shop?hunter2",
        ] {
            let refused = PostgresConfig::parse(text).expect_err(text);
            assert!(
                !format!("{refused} {refused:?}").contains("hunter2"),
                "{refused}"
            );
        }
    }

    #[test]
    fn asked_for_tls_is_never_lost_in_silence() {
        let parsed = PostgresConfig::parse("postgres://db/shop?sslmode=require");
        let refused = parsed.err();
        let expected =
            cfg!(feature = "bundled").then_some(ConfigError::TlsUnavailable { mode: "require" });
        assert_eq!(refused, expected);
    }
}
