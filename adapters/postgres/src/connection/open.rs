use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};

use crate::{ConnectError, PoolerUse, PostgresConfig};

/// The oldest PostgreSQL that Tenantry is made for.
const MINIMUM_MAJOR_VERSION: i32 = 13;

/// A connection that was just opened, and what leads to the server.
pub(crate) struct Opened {
    pub(crate) connection: PgConnection,
    pub(crate) backend: i32,
    pub(crate) direct: bool,
}

/// Opens a connection, and finds out whether a pooler is in between.
///
/// Two round trips after the connection itself. A pooler that refuses our startup parameter costs a second attempt.
pub(crate) fn open(config: &PostgresConfig) -> Result<Opened, ConnectError> {
    config.refuse_lost_tls()?;
    if config.pooler() == PoolerUse::Pooled {
        return inspect(establish(config)?, config, false);
    }
    match establish(&claiming_to_be_direct(config)) {
        Ok(connection) => inspect(connection, config, true),
        Err(ConnectError::Refused { source, .. }) if is_about_options(source.as_str()) => {
            inspect(establish(config)?, config, false)
        }
        Err(refused) => Err(refused),
    }
}

/// What `RESET ALL` goes back to, and the setting of ours that tells a direct connection from a pooled one.
const DIRECT: &str = "-c tenantry.direct=1 -c TimeZone=UTC -c client_encoding=UTF8 -c search_path=pg_catalog,pg_temp";

/// Settings that PostgreSQL takes at startup and keeps, and that a pooler refuses or drops.
fn claiming_to_be_direct(config: &PostgresConfig) -> PostgresConfig {
    let options = config.value("options").unwrap_or_default();
    config
        .clone()
        .with("options", format!("{options} {DIRECT}"))
}

/// Poolers speak English whatever the server's language is, and name the parameter that they don't take.
fn is_about_options(said: &str) -> bool {
    let said = said.to_lowercase();
    said.contains("startup parameter") || said.contains("option")
}

fn establish(config: &PostgresConfig) -> Result<PgConnection, ConnectError> {
    let mut complete = config.clone();
    for (key, value) in [
        ("connect_timeout", "10"),
        ("fallback_application_name", "tenantry"),
        // A peer that vanished without a word is given up after 30 seconds, not after the system's quarter of an hour.
        ("tcp_user_timeout", "30000"),
    ] {
        if complete.value(key).is_none() {
            complete = complete.with(key, value);
        }
    }
    PgConnection::establish(&complete.connection_string()).map_err(|error| ConnectError::Refused {
        target: config.target(),
        source: config.scrub(&error.to_string()),
    })
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    backend: i32,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Nullable<Text>)]
    direct: Option<String>,
}

fn inspect(
    mut connection: PgConnection,
    config: &PostgresConfig,
    claimed_direct: bool,
) -> Result<Opened, ConnectError> {
    let server: Server = diesel::sql_query(
        "SELECT pg_catalog.pg_backend_pid() AS backend, \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version, \
         pg_catalog.current_setting('tenantry.direct', true) AS direct",
    )
    .get_result(&mut connection)
    .map_err(|error| ConnectError::SetUp {
        target: config.target(),
        source: config.scrub(&error.to_string()),
    })?;
    refuse_too_old(server.version, config)?;
    Ok(Opened {
        connection,
        backend: server.backend,
        direct: claimed_direct && server.direct.as_deref() == Some("1"),
    })
}

/// `version` is what the server says as `server_version_num`: 130004 is 13.4, and 90624 is 9.6.24.
fn refuse_too_old(version: i32, config: &PostgresConfig) -> Result<(), ConnectError> {
    let found = version / 10_000;
    if found < MINIMUM_MAJOR_VERSION {
        return Err(ConnectError::TooOld {
            target: config.target(),
            found,
            minimum: MINIMUM_MAJOR_VERSION,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry::Retry;

    #[test]
    fn a_server_older_than_13_is_refused_for_good_and_a_newer_one_is_not() {
        let config: PostgresConfig = "postgresql://owner:secret@db.example/shop".parse().unwrap();
        for version in [130_000, 130_004, 170_002] {
            assert!(refuse_too_old(version, &config).is_ok(), "{version}");
        }
        for (version, major) in [(129_999, 12), (120_018, 12), (90_624, 9)] {
            let refused = refuse_too_old(version, &config).unwrap_err();
            assert!(
                matches!(refused, ConnectError::TooOld { found, minimum: 13, .. } if found == major),
                "{version}: {refused:?}"
            );
            assert_eq!(refused.retry(), Retry::Never);
            let text = refused.to_string();
            assert!(
                text.ends_with(&format!("is version {major}: use 13 or newer")),
                "{text}"
            );
            assert!(
                text.contains("db.example") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}
