//! Both databases, and the command as a process.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tenantry_conformance::servers::Postgres;

/// One database of each kind, with a folder of migrations that both understand.
pub(crate) struct Databases;

impl Databases {
    pub(crate) fn start() -> [Database; 2] {
        let folder = TempDir::new().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("data").display());
        let postgres = Postgres::shared().create_database().unwrap();
        [
            Database::new(sqlite, Some(folder)),
            Database::new(postgres, None),
        ]
    }
}

pub(crate) struct Database {
    url: String,
    folder: Option<TempDir>,
    migrations: TempDir,
}

impl Database {
    fn new(url: String, folder: Option<TempDir>) -> Self {
        let database = Self {
            url,
            folder,
            migrations: TempDir::new().unwrap(),
        };
        database.add_migration(
            "2024-01-01-000000_notes",
            "CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL);",
        );
        database.add_migration(
            "2024-02-01-000000_tags",
            "CREATE TABLE tags (id BIGINT PRIMARY KEY);",
        );
        database
    }

    pub(crate) fn tenantry(&self) -> Tenantry {
        let migrations = self.migrations.path().display().to_string();
        Tenantry {
            env: vec![
                ("TENANTRY_DATABASE_URL", self.url.clone()),
                ("TENANTRY_MIGRATIONS", migrations),
            ],
        }
    }

    pub(crate) fn tenantry_without_migrations(&self) -> Tenantry {
        Tenantry {
            env: vec![("TENANTRY_DATABASE_URL", self.url.clone())],
        }
    }

    pub(crate) fn add_migration(&self, name: &str, up: &str) {
        let folder = self.migrations.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("up.sql"), up).unwrap();
        fs::write(folder.join("down.sql"), "SELECT 1;").unwrap();
    }

    /// Makes a tenant's schema vanish behind Tenantry's back.
    pub(crate) fn lose_schema(&self, name: &str) {
        if let Some(folder) = &self.folder {
            let file = format!("data/tenants/{name}.sqlite");
            fs::remove_file(folder.path().join(Path::new(&file))).unwrap();
            return;
        }
        self.sql(&format!("DROP SCHEMA {name} CASCADE"));
    }

    /// Runs statements on PostgreSQL, as its owner could by hand.
    pub(crate) fn sql(&self, statements: &str) {
        let quiet = ["-qX", "-v", "ON_ERROR_STOP=1"];
        let psql = Command::new("psql")
            .args(quiet)
            .args([&self.url, "-c", statements])
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .status()
            .unwrap();
        assert!(psql.success());
    }
}

/// The command, with its surroundings.
pub(crate) struct Tenantry {
    env: Vec<(&'static str, String)>,
}

pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tenantry {
    pub(crate) fn without_database() -> Self {
        Self { env: Vec::new() }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_tenantry"))
            .args(args)
            .env_remove("TENANTRY_DATABASE_URL")
            .env_remove("TENANTRY_MIGRATIONS")
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .output()
            .unwrap();
        Ended {
            success: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let Ended {
            success,
            stdout,
            stderr,
        } = self.run(args);
        assert!(success, "{args:?} on {:?}:\n{stdout}{stderr}", self.env);
        stdout
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let printed = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap()
    }

    /// Runs a command that has to fail with an error that holds `text`.
    pub(crate) fn refused(&self, args: &[&str], text: &str) {
        let Ended {
            success,
            stdout,
            stderr,
        } = self.run(args);
        assert!(!success, "{args:?} on {:?} succeeded:\n{stdout}", self.env);
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(
            stderr.contains(text),
            "{args:?} on {:?}: no {text:?} in\n{stderr}",
            self.env
        );
    }
}
