//! TLS and passwords by the usual URL, on a server that takes nothing else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error as _;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{ConnectError, PostgresConfig};

/// A server with a certificate for `localhost`, that lets nobody in without TLS and a password.
struct Server(Postgres);

impl Server {
    fn start() -> Self {
        let postgres = Postgres::start().unwrap();
        let made = "COPY (SELECT 1) TO PROGRAM 'cat >&2; openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt 2>/dev/null'";
        postgres.run_sql("postgres", made).unwrap();
        let rules = postgres.folder().join("data/pg_hba.conf");
        let rules = format!(
            "COPY (VALUES ('local all all trust'), ('hostssl all all all scram-sha-256')) TO '{}'",
            rules.display()
        );
        postgres.run_sql("postgres", &rules).unwrap();
        for sql in [
            "CREATE ROLE app LOGIN PASSWORD 'open sesame'",
            "ALTER SYSTEM SET ssl = on",
        ] {
            postgres.run_sql("postgres", sql).unwrap();
        }
        // What is reloaded holds for new connections at some time; what is restarted, at once.
        postgres.restart().unwrap();
        Self(postgres)
    }

    fn url(&self, rest: &str) -> String {
        let root = self.0.folder().join("data/server.crt");
        format!(
            "postgresql://app:open%20sesame@localhost:{}/postgres?{}",
            self.0.port(),
            rest.replace("ROOT", &root.display().to_string())
        )
    }

    fn connect(&self, rest: &str) -> Result<PgConnection, ConnectError> {
        let config: PostgresConfig = self.url(rest).parse().unwrap();
        config.connect_administrative(Duration::from_secs(10))
    }
}

#[test]
fn a_url_that_asks_for_tls_gets_it_or_is_refused_with_the_build_that_has_it() {
    let server = Server::start();
    for rest in ["sslmode=require", "sslmode=verify-full&sslrootcert=ROOT"] {
        if cfg!(feature = "bundled") {
            let refused = server.url(rest).parse::<PostgresConfig>().unwrap_err();
            assert!(refused.to_string().contains("system-libpq"), "{refused}");
            continue;
        }
        let mut connection = server.connect(rest).unwrap();
        let encrypted: bool = diesel::select(sql::<Bool>(
            "(SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())",
        ))
        .get_result(&mut connection)
        .unwrap();
        assert!(encrypted, "{rest}");
    }
}

#[test]
fn a_server_that_wants_tls_a_name_or_a_password_refuses_what_lacks_it_and_no_secret_is_shown() {
    let server = Server::start();
    let refuses = |rest: &str, why: &str| {
        let refused = server.connect(rest).map(drop).unwrap_err();
        let text = format!("{refused} {refused:?} {}", refused.source().unwrap());
        assert!(matches!(refused, ConnectError::Refused { .. }), "{text}");
        assert!(text.contains(why), "{rest}: {text}");
        assert!(!text.contains("sesame"), "{text}");
    };
    refuses("sslmode=disable", "no encryption");
    if cfg!(feature = "bundled") {
        refuses("sslmode=prefer", "no encryption");
        return;
    }
    refuses(
        "sslmode=verify-full&sslrootcert=/nowhere/root.crt",
        "root.crt",
    );
    refuses(
        "sslmode=verify-full&sslrootcert=ROOT&host=127.0.0.1",
        "does not match",
    );
    refuses("sslmode=require&password=open%20sesame%21", "password");
}
