use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::ServerError;
use super::port::free_ports;
use super::programs;
use super::supervisor::Supervisor;

const SCRIPT: &str = include_str!("redis.sh");
const START_ATTEMPTS: usize = 8;
const START_DEADLINE: Duration = Duration::from_secs(10);
const DATABASES: u32 = 4096;

static SHARED: OnceLock<Result<Redis, String>> = OnceLock::new();

/// A Redis of our own: empty, on a free port of the loopback, gone with its owner. It writes nothing to the disk.
#[derive(Debug)]
pub struct Redis {
    cli: PathBuf,
    port: u16,
    databases: AtomicU32,
    supervisor: Mutex<Supervisor>,
    /// Of the folder with its certificates, if it speaks TLS.
    tls: Option<PathBuf>,
}

impl Redis {
    /// Starts a server with the usual settings, in some 50 ms.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] says which command installs it; the others say what the server wrote.
    pub fn start() -> Result<Self, ServerError> {
        Self::builder().start()
    }

    /// The one server of this process, started by the first call.
    ///
    /// For tests: give each its own database by [`create_database`](Self::create_database), and stop, pause or restart
    /// only servers of your own.
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
    pub fn builder() -> RedisBuilder {
        RedisBuilder {
            settings: Vec::new(),
            tls: None,
        }
    }

    /// The URL of the first database.
    pub fn url(&self) -> String {
        self.url_of(0)
    }

    fn url_of(&self, database: u32) -> String {
        let scheme = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!("{scheme}://127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database that nobody was given before. There are 4,095.
    ///
    /// # Panics
    /// When there are no more.
    pub fn create_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        assert!(number < DATABASES, "{DATABASES} databases are in use");
        self.url_of(number)
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a command by `redis-cli` and returns what it prints, a line for each value.
    ///
    /// # Errors
    /// [`ServerError::Failed`] with the server's text if it is stopped or refuses.
    pub fn run(&self, command: &[&str]) -> Result<String, ServerError> {
        let mut client = Command::new(&self.cli);
        client.args(["-h", "127.0.0.1", "-e", "-p", &self.port.to_string()]);
        if let Some(folder) = &self.tls {
            let file = |name: &str| folder.join(name);
            // Whoever answers on this port is ours, also with a certificate that nobody should trust.
            client.args(["--tls", "--insecure"]);
            client.arg("--cert").arg(file("server.crt"));
            client.arg("--key").arg(file("server.key"));
        }
        let output = client
            .args(command)
            .output()
            .map_err(ServerError::io("run redis-cli"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(ServerError::Failed {
            server: "Redis",
            action: format!("run {command:?}"),
            log: text(&[output.stdout, output.stderr].concat()),
        })
    }

    /// Stops the server, which forgets everything. Connections are closed.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it can't be stopped.
    pub fn stop(&self) -> Result<(), ServerError> {
        self.supervisor().order("stop")
    }

    /// Starts a stopped server on the port that it had, and returns when it answers.
    ///
    /// # Errors
    /// [`ServerError::Failed`] with the end of the log.
    pub fn start_again(&self) -> Result<(), ServerError> {
        self.supervisor().order(&format!("start {}", self.port))?;
        self.wait_until_it_answers()
    }

    /// Halts the process: connections stay open, new ones are taken by the system, and nothing is answered.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it is stopped.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.supervisor().order("pause")
    }

    /// Lets a paused process go on, with all that it was asked meanwhile.
    ///
    /// # Errors
    /// [`ServerError::Failed`] if it is stopped.
    pub fn resume(&self) -> Result<(), ServerError> {
        self.supervisor().order("resume")
    }

    fn wait_until_it_answers(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            match self.run(&["ping"]) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings for a [`Redis`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct RedisBuilder {
    settings: Vec<(String, String)>,
    tls: Option<RedisTls>,
}

/// The certificates of a [`Redis`] that speaks TLS and nothing else, in PEM.
#[derive(Clone)]
pub struct RedisTls {
    /// What the server shows. It should be for `127.0.0.1`, and for clients too: the harness's own shows it.
    pub certificate: String,
    /// The key of that.
    pub key: String,
    /// Who vouches for the clients' certificates, and for the server's.
    pub authorities: String,
    /// Whether a client without a certificate is sent away.
    pub clients_prove_themselves: bool,
}

impl std::fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisTls").finish_non_exhaustive()
    }
}

impl RedisBuilder {
    /// Adds a line to `redis.conf`, such as `maxmemory 10mb`. The last of several values counts, also over our own.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets it speak TLS, and nothing else. Debian's Redis can.
    pub fn tls(mut self, tls: RedisTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the server, and returns when it answers.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn start(self) -> Result<Redis, ServerError> {
        let [program, cli] = programs::redis()?;
        let mut supervisor = Supervisor::start("Redis", "redis", "nobody", SCRIPT, &program)?;
        let folder = supervisor.folder().to_owned();
        fs::write(folder.join("redis.conf"), self.configuration(&folder))
            .map_err(ServerError::io("write redis.conf"))?;
        if let Some(tls) = &self.tls {
            tls.write(&folder)?;
        }
        let port = start_on_free_port(&mut supervisor)?;
        let server = Redis {
            cli,
            port,
            databases: AtomicU32::new(1),
            supervisor: Mutex::new(supervisor),
            tls: self.tls.map(|_| folder),
        };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    fn configuration(&self, folder: &std::path::Path) -> String {
        let folder = folder.display();
        let mut text = format!(
            "bind 127.0.0.1\n\
             databases {DATABASES}\n\
             save \"\"\n\
             appendonly no\n\
             dir {folder}\n\
             logfile {folder}/redis.log\n\
             pidfile {folder}/redis.pid\n"
        );
        if let Some(tls) = &self.tls {
            let asks = if tls.clients_prove_themselves {
                "yes"
            } else {
                "no"
            };
            let _ = write!(
                text,
                "tls-cert-file {folder}/server.crt\n\
                 tls-key-file {folder}/server.key\n\
                 tls-ca-cert-file {folder}/authorities.crt\n\
                 tls-auth-clients {asks}\n"
            );
        }
        for (name, value) in &self.settings {
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}

impl RedisTls {
    fn write(&self, folder: &std::path::Path) -> Result<(), ServerError> {
        let files = [
            ("server.crt", &self.certificate),
            ("server.key", &self.key),
            ("authorities.crt", &self.authorities),
        ];
        for (name, text) in files {
            fs::write(folder.join(name), text)
                .map_err(ServerError::io("write the server's certificates"))?;
        }
        Ok(())
    }
}

fn start_on_free_port(supervisor: &mut Supervisor) -> Result<u16, ServerError> {
    let mut last = ServerError::Failed {
        server: "Redis",
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

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{BufRead, BufReader, Read};
    use std::net::{Ipv4Addr, TcpStream};
    use std::path::Path;
    use std::process::Stdio;

    use super::super::tests::{OWNER, in_a_process_of_its_own, soon};
    use super::*;

    #[test]
    fn a_server_answers_stops_and_starts_again_on_its_port_and_leaves_nothing_when_dropped() {
        let server = Redis::builder()
            .setting("maxmemory", "50mb")
            .start()
            .unwrap();
        let folder = server.supervisor().folder().to_owned();
        assert_eq!(server.run(&["set", "a", "1"]).unwrap(), "OK");
        let memory = server.run(&["config", "get", "maxmemory"]).unwrap();
        assert!(memory.contains("52428800"), "{memory}");
        let answers = || TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).is_ok();
        assert!(answers() && folder.is_dir());

        server.stop().unwrap();
        assert!(!answers());
        server.start_again().unwrap();
        assert_eq!(server.run(&["exists", "a"]).unwrap(), "0", "it forgets");
        server.pause().unwrap();
        assert!(answers(), "the system takes connections for it");
        server.resume().unwrap();
        assert_eq!(server.run(&["ping"]).unwrap(), "PONG");
        assert_ne!(server.create_database(), server.create_database());

        server.pause().unwrap();
        let port = server.port();
        drop(server);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn what_the_server_refuses_is_an_error_with_its_words() {
        let error = Redis::builder()
            .setting("no-such-setting", "1")
            .start()
            .unwrap_err();
        assert!(error.to_string().contains("no-such-setting"), "{error}");
        let error = Redis::shared().run(&["nonsense"]).unwrap_err();
        assert!(error.to_string().contains("unknown command"), "{error}");
    }

    #[test]
    fn a_missing_server_fails_with_the_command_that_installs_it() {
        if env::var_os(OWNER).is_some() {
            Redis::shared();
        }
        let output = in_a_process_of_its_own(
            "servers::redis::tests::a_missing_server_fails_with_the_command_that_installs_it",
        )
        .env("TENANTRY_REDIS_BIN", "/nonexistent")
        .output()
        .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(text.contains("apt-get install redis-server"), "{text}");
    }

    #[test]
    fn an_owner_that_is_killed_leaves_no_server_and_no_folder() {
        if env::var_os(OWNER).is_some() {
            own_a_server_until_killed();
        }
        let mut owner = in_a_process_of_its_own(
            "servers::redis::tests::an_owner_that_is_killed_leaves_no_server_and_no_folder",
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
        let line = lines
            .map(Result::unwrap)
            .find(|line| line.contains("owned "))
            .unwrap();
        let (port, folder) = line
            .split_once("owned ")
            .unwrap()
            .1
            .split_once(' ')
            .unwrap();
        let (port, folder) = (port.parse().unwrap(), Path::new(folder));
        let answers = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        assert!(
            answers() && folder.is_dir(),
            "it runs while its owner lives"
        );

        owner.kill().unwrap(); // SIGKILL
        owner.wait().unwrap();

        soon("the server is down", || !answers());
        soon("the folder is gone", || !folder.exists());
    }

    #[expect(clippy::print_stdout, reason = "the parent reads it")]
    fn own_a_server_until_killed() {
        let server = Redis::start().unwrap();
        let folder = server.supervisor().folder().to_owned();
        println!("owned {} {}", server.port(), folder.display());
        // Waits for the kill, or for the end of whoever would have killed.
        let _ = std::io::stdin().read(&mut [0]);
        panic!("an owner that was to be killed came to its end");
    }
}
