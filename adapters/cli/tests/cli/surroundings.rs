//! Both databases, and the command as a process.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tenantry::ports::JobQueue;
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::jobs::PostgresJobQueue;
use tenantry_sqlite::jobs::SqliteJobQueue;
use tenantry_sqlite::{SqliteConfig, SqliteStore};

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

    pub(crate) fn url(&self) -> &str {
        &self.url
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

    /// The job queue, as an application that puts jobs in has it.
    pub(crate) fn queue(&self) -> Arc<dyn JobQueue> {
        if let Some(folder) = &self.folder {
            let config = SqliteConfig::new(folder.path().join("data"));
            return Arc::new(SqliteJobQueue::new(&SqliteStore::open(config).unwrap()));
        }
        Arc::new(PostgresJobQueue::new(self.url.parse().unwrap()))
    }

    /// Gives all jobs that run to another worker, who says nothing.
    pub(crate) fn steal_running_jobs(&self) {
        let steal = "UPDATE tenantry_jobs SET token = token + 1 WHERE state = 'running'";
        self.write("jobs.sqlite", steal);
    }

    /// Gives a tenant a slug that no version of ours would.
    pub(crate) fn rename(&self, slug: &str, other: &str) {
        if self.folder.is_none() {
            self.sql("ALTER TABLE tenantry_tenants DROP CONSTRAINT tenantry_tenants_slug_form");
        }
        let rename = format!("UPDATE tenantry_tenants SET slug = '{other}' WHERE slug = '{slug}'");
        self.write("shared.sqlite", &rename);
    }

    /// Runs a statement on PostgreSQL, or on that file of the folder, whatever its tables check.
    pub(crate) fn write(&self, file: &str, statement: &str) {
        let Some(folder) = &self.folder else {
            return self.sql(statement);
        };
        let file = folder.path().join("data").join(file);
        let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
        let ready = "PRAGMA busy_timeout = 20000; PRAGMA ignore_check_constraints = 1;";
        connection
            .batch_execute(&format!("{ready} {statement}"))
            .unwrap();
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    /// The statements that take the triggers of a table away, on SQLite.
    pub(crate) fn triggers_of(&self, table: &str) -> String {
        let folder = self.folder.as_ref().unwrap();
        let file = folder.path().join("data/shared.sqlite");
        let mut connection = SqliteConnection::establish(&file.display().to_string()).unwrap();
        let found = diesel::sql_query(format!(
            "SELECT 'DROP TRIGGER ' || name || ';' AS statement FROM sqlite_master \
             WHERE type = 'trigger' AND tbl_name = '{table}'"
        ));
        let found: Vec<Statement> = found.load(&mut connection).unwrap();
        found.into_iter().map(|found| found.statement).collect()
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

#[derive(diesel::QueryableByName)]
struct Statement {
    #[diesel(sql_type = diesel::sql_types::Text)]
    statement: String,
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

    /// The same, with one more variable.
    pub(crate) fn with_env(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.env.push((key, value.into()));
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command
            .args(args)
            .env_remove("TENANTRY_DATABASE_URL")
            .env_remove("TENANTRY_MIGRATIONS")
            .env_remove("REDIS_URL")
            .envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Starts a command that goes on until it is ended.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::of(child.spawn().unwrap())
    }

    /// The same, and its output goes there.
    pub(crate) fn start_printing_to(&self, args: &[&str], stdout: impl Into<Stdio>) -> Child {
        let mut command = self.command(args);
        let command = command.stdout(stdout).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
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

    /// The same, with this on standard input.
    pub(crate) fn ok_given(&self, args: &[&str], input: &str) -> String {
        let mut command = self.command(args);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(input.as_bytes()).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?} on {:?}", self.env);
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let printed = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap()
    }

    /// What it prints for programs, whatever that is.
    pub(crate) fn json_lines(&self, args: &[&str]) -> String {
        self.ok(&[args, &["--json"]].concat())
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

/// A command that goes on until it is ended, also when its test fails.
pub(crate) struct Running {
    child: Child,
    printed: Arc<Mutex<String>>,
    reads: Option<JoinHandle<()>>,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let printed = Arc::<Mutex<String>>::default();
        let (kept, pipe) = (Arc::clone(&printed), child.stdout.take().unwrap());
        let reads = thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line.unwrap());
                kept.push('\n');
            }
        });
        Self {
            child,
            printed,
            reads: Some(reads),
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn has_printed(&self, text: &str) -> bool {
        self.printed.lock().unwrap().contains(text)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, and gives what it printed.
    pub(crate) fn end(mut self) -> Ended {
        let success = self.child.wait().unwrap().success();
        self.reads.take().unwrap().join().unwrap();
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        let stdout = self.printed.lock().unwrap().clone();
        Ended {
            success,
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that does what its job's payload says.
pub(crate) fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/work")
}
