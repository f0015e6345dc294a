use std::env;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::ServerError;
use super::port::free_ports;
use super::programs::{self, is_for_libpq};
use super::supervisor::Supervisor;

const SCRIPT: &str = include_str!("postgres.sh");
const START_ATTEMPTS: usize = 8;
/// `sun_path` holds 108 bytes with its NUL, and the socket is called `.s.PGSQL.12345`.
const LONGEST_FOLDER: usize = 107 - "/.s.PGSQL.12345".len();

static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();

/// A PostgreSQL of our own: a new cluster in a new folder, on a free port of the loopback, gone with its owner.
///
/// The superuser `postgres` needs no password. Nothing is durable unless [`PostgresBuilder::durable`] was called.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    supervisor: Mutex<Supervisor>,
}

impl Postgres {
    /// Starts a server with the usual settings, which takes about half a second.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] says which command installs it; the others say what the server wrote.
    pub fn start() -> Result<Self, ServerError> {
        Self::builder().start()
    }

    /// The one server of this process, started by the first call.
    ///
    /// For tests: give each its own database by [`create_database`](Self::create_database), and stop or restart only
    /// servers of your own.
    ///
    /// # Panics
    /// If it can't be started, with a text that says what to do. Every call panics then, so that no test passes for
    /// want of a server.
    pub fn shared() -> &'static Self {
        match SHARED.get_or_init(|| Self::start().map_err(|error| error.to_string())) {
            Ok(server) => server,
            Err(text) => panic!("{text}"),
        }
    }

    /// A server with settings of your own.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder {
            settings: Vec::new(),
            durable: false,
        }
    }

    /// The URL of the database `postgres`, over TCP.
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// The URL of the database `postgres`, over a Unix socket: a round trip costs less there.
    pub fn socket_url(&self) -> String {
        self.database_socket_url("postgres")
    }

    /// The URL of a database, over TCP. `name` goes into it as it is.
    pub fn database_url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// The URL of a database, over a Unix socket. `name` goes into it as it is.
    pub fn database_socket_url(&self, name: &str) -> String {
        format!(
            "postgres:///{name}?host={}&port={}&user=postgres",
            self.folder.display(),
            self.port
        )
    }

    /// Makes an empty database and returns its URL over TCP. Takes some 50 ms.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if the server is stopped.
    pub fn create_database(&self) -> Result<String, ServerError> {
        let name = self.create_named_database()?;
        Ok(self.database_url(&name))
    }

    /// Makes an empty database and returns its name, for [`database_url`](Self::database_url),
    /// [`database_socket_url`](Self::database_socket_url) and [`run_sql`](Self::run_sql).
    ///
    /// # Errors
    /// [`ServerError::Failed`] if the server is stopped.
    pub fn create_named_database(&self) -> Result<String, ServerError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run_sql("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements in a database by `psql`, on a connection of their own, and returns what they print: one row a
    /// line, columns separated by `|`.
    ///
    /// # Errors
    /// [`ServerError::Failed`] with the server's text, at the first statement that fails.
    pub fn run_sql(&self, database: &str, sql: &str) -> Result<String, ServerError> {
        let mut command = Command::new(self.bin.join("psql"));
        for (name, _) in env::vars_os().filter(|(name, _)| is_for_libpq(name)) {
            command.env_remove(name);
        }
        let output = command
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.database_socket_url(database))
            .args(["-c", sql])
            .output()
            .map_err(ServerError::io("run psql"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned());
        }
        Err(ServerError::Failed {
            server: "PostgreSQL",
            action: format!("run {sql:?}"),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Stops the server in an orderly way, ends every connection, and starts it again on the same port.
    ///
    /// # Errors
    /// [`ServerError::Failed`] with the end of the log.
    pub fn restart(&self) -> Result<(), ServerError> {
        self.stop()?;
        self.start_again()
    }

    /// Stops the server in an orderly way. Open connections are told and closed.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it is stopped already.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.supervisor().order("stop fast")
    }

    /// Stops the server as a crash would, without a checkpoint: the next start recovers.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it is stopped already.
    pub fn crash(&self) -> Result<(), ServerError> {
        self.supervisor().order("stop immediate")
    }

    /// Starts a stopped server on the port that it had, and returns when it answers.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it runs already.
    pub fn start_again(&self) -> Result<(), ServerError> {
        let port = self.port;
        self.supervisor().order(&format!("start {port}"))
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the cluster, the Unix socket and the logs. It is deleted with the server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the server writes what it has to say.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        // It holds no state that a panic could leave half-changed.
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings for a [`Postgres`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct PostgresBuilder {
    settings: Vec<(String, String)>,
    durable: bool,
}

impl PostgresBuilder {
    /// Adds a line to `postgresql.conf`. The last of several values counts, also over our own.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves PostgreSQL's settings for durability as they come (`fsync` and so on), for benchmarks. Without it they
    /// are off, and a crash of the machine would lose what was written.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Makes the cluster, starts it, and returns when it answers.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start(self) -> Result<Postgres, ServerError> {
        let bin = programs::postgres()?;
        let mut supervisor = Supervisor::start("PostgreSQL", "postgres", "postgres", SCRIPT, &bin)?;
        let folder = supervisor.folder().to_owned();
        if folder.as_os_str().len() > LONGEST_FOLDER {
            return Err(ServerError::PathTooLong {
                folder: folder.display().to_string(),
            });
        }
        supervisor.order("prepare")?;
        OpenOptions::new()
            .append(true)
            .open(folder.join("data/postgresql.conf"))
            .and_then(|mut file| file.write_all(self.configuration(&folder).as_bytes()))
            .map_err(ServerError::io("write postgresql.conf"))?;
        let port = start_on_free_port(&mut supervisor)?;
        Ok(Postgres {
            bin,
            folder,
            port,
            databases: AtomicU32::new(1),
            supervisor: Mutex::new(supervisor),
        })
    }

    fn configuration(&self, folder: &Path) -> String {
        let folder = folder.display().to_string();
        let ours = [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", folder.as_str()),
            ("max_connections", "200"),
        ];
        let hasty = [
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
        ];
        let mut text = String::new();
        let hasty = hasty.into_iter().filter(|_| !self.durable);
        let theirs = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in ours.into_iter().chain(hasty).chain(theirs) {
            let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
        }
        text
    }
}

fn start_on_free_port(supervisor: &mut Supervisor) -> Result<u16, ServerError> {
    let mut last = ServerError::Failed {
        server: "PostgreSQL",
        action: "find a port".into(),
        log: "no port of the loopback is free".into(),
    };
    for port in free_ports().take(START_ATTEMPTS) {
        match supervisor.order(&format!("start {port}")) {
            Ok(()) => return Ok(port),
            // Somebody was quicker.
            Err(error @ ServerError::Failed { .. }) if error.to_string().contains("in use") => {
                last = error;
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
