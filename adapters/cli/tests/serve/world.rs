//! The server as a process, and whoever talks to it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tenantry_conformance::servers::Postgres;

/// The token of an operator who may do everything.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server is started: a folder of its own, a database, and a folder of migrations.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    env: Vec<(&'static str, String)>,
}

impl Place {
    /// One where nothing was said.
    pub(crate) fn fresh() -> Self {
        let folder = TempDir::new().unwrap();
        let place = Self {
            folder,
            env: Vec::new(),
        };
        let notes = place.path("migrations/2024-01-01-000000_notes");
        std::fs::create_dir_all(&notes).unwrap();
        let up = "CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL);";
        std::fs::write(notes.join("up.sql"), up).unwrap();
        std::fs::write(notes.join("down.sql"), "DROP TABLE notes;").unwrap();
        place
    }

    /// One on an SQLite folder, and one on PostgreSQL, with migrations and the operator's token.
    pub(crate) fn of_both_databases() -> [Self; 2] {
        let url = Postgres::shared().create_database().unwrap();
        [
            Self::fresh(),
            Self::fresh().with("TENANTRY_DATABASE_URL", url),
        ]
        .map(|place| {
            let migrations = place.path("migrations").display().to_string();
            place
                .with("TENANTRY_MIGRATIONS", migrations)
                .with("TENANTRY_OPERATOR_TOKEN", TOKEN)
                .with("TENANTRY_SETUP", "true")
        })
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(Path::new(path))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTRY_")) {
            command.env_remove(name);
        }
        let env = self.env.iter().map(|(name, value)| (name, value));
        command.args(args).envs(env).current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end: whether it went well, its output, and its errors.
    pub(crate) fn run(&self, args: &[&str]) -> (bool, String, String) {
        let output = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.success(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// Starts a server on a free port, and waits until it says where it is.
    pub(crate) fn serve(&self, args: &[&str]) -> Server {
        let args = [&["serve", "--json", "--bind", "127.0.0.1:0"], args].concat();
        let mut command = self.command(&args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Server::of(child.spawn().unwrap())
    }
}

/// A server that goes on until it is ended, also when its test fails.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    pub(crate) said: Value,
    logged: Arc<Mutex<String>>,
    reads: Option<JoinHandle<()>>,
}

impl Server {
    fn of(mut child: Child) -> Self {
        let logged = Arc::<Mutex<String>>::default();
        let (kept, pipe) = (Arc::clone(&logged), child.stderr.take().unwrap());
        let reads = thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line.unwrap());
                kept.push('\n');
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            child.wait().unwrap();
            reads.join().unwrap();
            panic!("it doesn't serve: {line}\n{}", logged.lock().unwrap());
        };
        Self {
            child,
            address: said["address"].as_str().unwrap().parse().unwrap(),
            said,
            logged,
            reads: Some(reads),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn refuses_connections(&self) -> bool {
        TcpStream::connect(self.address).is_err()
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.call("GET", path, token, "")
    }

    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &str) -> Answer {
        self.call("POST", path, token, body)
    }

    fn call(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        self.send(&request(method, path, token, body))
    }

    /// Sends a request as it is.
    pub(crate) fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        Answer::read(stream)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        self.logged.lock().unwrap().clone()
    }

    /// Waits until it has logged this: what it says and what it logs come by two pipes.
    pub(crate) fn must_log(&self, text: &str) {
        until(text, || self.log().contains(text));
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, and gives how it ended and what it logged.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        until("the server's end", || self.has_ended());
        let status = self.child.wait().unwrap();
        self.reads.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request as it goes over the wire.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    if let Some(token) = token {
        let _ = write!(text, "authorization: Bearer {token}\r\n");
    }
    if !body.is_empty() {
        let length = body.len();
        let _ = write!(
            text,
            "content-type: application/json\r\ncontent-length: {length}\r\n"
        );
    }
    format!("{text}\r\n{body}")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The value of a header, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} was waited for in vain");
        thread::sleep(Duration::from_millis(20));
    }
}
