use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::port::free_ports;
use super::programs;
use super::supervisor::Supervisor;
use super::{Postgres, ServerError};

const SCRIPT: &str = include_str!("pgbouncer.sh");
const START_DEADLINE: Duration = Duration::from_secs(10);

/// A `PgBouncer` in front of a [`Postgres`]: on a free port of the loopback, gone with its owner.
///
/// Every database of the server is reached by its own name.
#[derive(Debug)]
pub struct PgBouncer {
    folder: PathBuf,
    port: u16,
    supervisor: Mutex<Supervisor>,
}

/// How a [`PgBouncer`] pools.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// When a server connection goes back to the pool: `transaction`, `session` or `statement`.
    pub mode: &'static str,
    /// How many connections to the server each pair of user and database may have.
    pub size: u16,
    /// How many clients may be connected.
    pub max_clients: u16,
    /// The roles that may connect, without a password.
    pub users: Vec<String>,
    /// More lines for the section `[pgbouncer]`; the last of several values counts.
    pub more: Vec<(String, String)>,
}

impl Default for PoolSettings {
    /// Transaction mode with one server connection, where clients that don't keep their tenants apart meet at once.
    fn default() -> Self {
        Self {
            mode: "transaction",
            size: 1,
            max_clients: 200,
            users: vec!["postgres".into()],
            more: Vec::new(),
        }
    }
}

impl PgBouncer {
    /// Starts a pooler in front of `server`, which has to outlive it, and returns when it answers.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] says which command installs it; the others say what the pooler wrote.
    pub fn start(server: &Postgres, settings: &PoolSettings) -> Result<Self, ServerError> {
        let program = programs::pgbouncer()?;
        let mut supervisor =
            Supervisor::start("PgBouncer", "pgbouncer", "postgres", SCRIPT, &program)?;
        let folder = supervisor.folder().to_owned();
        let port = free_ports().next().ok_or_else(|| ServerError::Failed {
            server: "PgBouncer",
            action: "find a port".into(),
            log: "no port of the loopback is free".into(),
        })?;
        let mut users = String::new();
        for user in &settings.users {
            let _ = writeln!(users, "\"{}\" \"\"", user.replace('"', "\"\""));
        }
        let write = |name: &str, text: String| {
            fs::write(folder.join(name), text).map_err(ServerError::io("write pgbouncer's files"))
        };
        write("users.txt", users)?;
        write(
            "pgbouncer.ini",
            configuration(server, settings, port, &folder.display()),
        )?;
        supervisor.order("start")?;
        wait_for(port, &supervisor)?;
        Ok(Self {
            folder,
            port,
            supervisor: Mutex::new(supervisor),
        })
    }

    /// The URL of a database of the server, by way of the pooler. `name` goes into it as it is.
    pub fn database_url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the pooler writes what it has to say.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("pgbouncer.log")
    }

    /// Stops the pooler and closes every connection of its clients.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it can't be stopped.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .order("stop")
    }
}

fn configuration(
    server: &Postgres,
    settings: &PoolSettings,
    port: u16,
    folder: &dyn std::fmt::Display,
) -> String {
    let PoolSettings {
        mode,
        size,
        max_clients,
        users: _,
        more,
    } = settings;
    let mut text = format!(
        "[databases]\n\
         * = host={} port={}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir = {folder}\n\
         auth_type = trust\n\
         auth_file = {folder}/users.txt\n\
         logfile = {folder}/pgbouncer.log\n\
         pidfile = {folder}/pgbouncer.pid\n\
         pool_mode = {mode}\n\
         default_pool_size = {size}\n\
         max_client_conn = {max_clients}\n",
        server.folder().display(),
        server.port(),
    );
    for (name, value) in more {
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

fn wait_for(port: u16, supervisor: &Supervisor) -> Result<(), ServerError> {
    let deadline = Instant::now() + START_DEADLINE;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if Instant::now() > deadline {
            return Err(ServerError::Failed {
                server: "PgBouncer",
                action: "answer in time".into(),
                log: supervisor.logs(),
            });
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
