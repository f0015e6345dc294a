use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{PgBouncer, PoolSettings, Postgres, ServerError};

pub(super) const OWNER: &str = "TENANTRY_TEST_OWNER";
const PATIENCE: Duration = Duration::from_secs(30);

fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

pub(super) fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// One statement through a URL, the way a client would.
fn psql(url: &str, sql: &str) -> (bool, String) {
    let output = Command::new("psql")
        .args(["-XAtq", "-d", url, "-c", sql])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(text).unwrap().trim_end().to_owned(),
    )
}

#[test]
fn a_server_answers_over_tcp_and_over_its_socket_and_leaves_nothing_when_dropped() {
    let server = Postgres::start().unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    assert_eq!(
        psql(&server.url(), "select 'by tcp'"),
        (true, "by tcp".into())
    );
    assert_eq!(
        psql(&server.socket_url(), "select 'by socket'"),
        (true, "by socket".into())
    );
    assert!(server.log_path().is_file());
    assert!(answers(port) && folder.is_dir());

    drop(server);

    assert!(!answers(port));
    assert!(!folder.exists());
}

#[test]
fn each_new_database_is_empty_and_its_own() {
    let server = Postgres::shared();
    let (one, other) = (
        server.create_database().unwrap(),
        server.create_database().unwrap(),
    );
    assert_ne!(one, other);
    assert!(psql(&one, "create table only_here (id int)").0);
    let (found, _) = psql(&one, "select * from only_here");
    let (leaked, text) = psql(&other, "select * from only_here");
    assert!(found && !leaked, "{text}");
}

#[test]
fn a_restarted_server_keeps_its_port_and_rows_and_a_stopped_one_refuses() {
    let server = Postgres::start().unwrap();
    let name = server.create_named_database().unwrap();
    server
        .run_sql(
            &name,
            "create table kept (id int); insert into kept values (7)",
        )
        .unwrap();
    let url = server.database_url(&name);

    server.restart().unwrap();
    assert_eq!(psql(&url, "select id from kept"), (true, "7".into()));

    server.stop().unwrap();
    assert!(!answers(server.port()));
    assert!(
        matches!(server.stop(), Err(ServerError::Failed { .. })),
        "stopped already"
    );
    server.start_again().unwrap();
    assert_eq!(psql(&url, "select id from kept"), (true, "7".into()));

    server.crash().unwrap();
    assert!(!answers(server.port()));
    server.start_again().unwrap();
    assert_eq!(psql(&url, "select id from kept"), (true, "7".into()));
}

#[test]
fn settings_reach_the_server_and_durability_is_off_unless_asked_for() {
    let hasty = Postgres::shared();
    let durable = Postgres::builder()
        .durable(true)
        .setting("max_locks_per_transaction", "77")
        .setting("max_connections", "20")
        .start()
        .unwrap();
    let show = |server: &Postgres, name: &str| {
        server.run_sql("postgres", &format!("show {name}")).unwrap()
    };
    assert_eq!(show(hasty, "fsync"), "off");
    assert_eq!(show(hasty, "max_connections"), "200");
    assert_eq!(show(&durable, "fsync"), "on");
    assert_eq!(show(&durable, "synchronous_commit"), "on");
    assert_eq!(show(&durable, "max_locks_per_transaction"), "77");
    assert_eq!(show(&durable, "max_connections"), "20");
}

#[test]
fn a_setting_that_the_server_refuses_is_an_error_with_its_words() {
    let error = Postgres::builder()
        .setting("no_such_setting", "1")
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_statement_that_fails_is_an_error_with_the_servers_words() {
    let error = Postgres::shared()
        .run_sql("postgres", "select 1; select no_such_column")
        .unwrap_err();
    assert!(error.to_string().contains("no_such_column"), "{error}");
}

#[test]
fn a_pooler_in_transaction_mode_gives_two_clients_one_server_connection() {
    let server = Postgres::start().unwrap();
    let name = server.create_named_database().unwrap();
    let pooler = PgBouncer::start(&server, &PoolSettings::default()).unwrap();
    let url = pooler.database_url(&name);

    let pid = "select pg_backend_pid()";
    let (one, other) = (psql(&url, pid), psql(&url, pid));
    assert!(one.0, "{}", one.1);
    assert_eq!(one, other, "one server connection");
    let direct = server.database_url(&name);
    assert_ne!(
        psql(&direct, pid),
        psql(&direct, pid),
        "without the pooler each has its own"
    );

    let port = pooler.port();
    pooler.stop().unwrap();
    assert!(!answers(port));
}

#[test]
fn a_missing_server_fails_with_the_command_that_installs_it() {
    if env::var_os(OWNER).is_some() {
        Postgres::shared();
    }
    let output = in_a_process_of_its_own(
        "servers::tests::a_missing_server_fails_with_the_command_that_installs_it",
    )
    .env("TENANTRY_POSTGRES_BIN", "/nonexistent")
    .output()
    .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("apt-get install postgresql"), "{text}");
}

#[test]
fn an_owner_that_is_killed_leaves_no_server_and_no_folder() {
    if env::var_os(OWNER).is_some() {
        own_servers_until_killed();
    }
    let mut owner = Owner::start();
    let (ports, folders) = owner.servers();
    assert!(
        ports.iter().all(|port| answers(*port)),
        "they run while their owner lives"
    );
    assert!(folders.iter().all(|folder| folder.is_dir()));

    owner.child.kill().unwrap(); // SIGKILL
    owner.child.wait().unwrap();

    soon("the servers are down", || {
        !ports.iter().any(|port| answers(*port))
    });
    soon("the folders are gone", || {
        !folders.iter().any(|folder| folder.exists())
    });
}

#[test]
fn an_owner_that_is_killed_while_its_server_starts_leaves_no_folder() {
    let base = env::temp_dir().join(format!("tenantry-test-{}", std::process::id()));
    std::fs::create_dir(&base).unwrap();
    let mut owner = in_a_process_of_its_own(KILLED)
        .env("TMPDIR", &base)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let entries = |folder: &Path| folder.read_dir().unwrap().count();
    soon("a folder is made", || entries(&base) == 1);

    owner.kill().unwrap();
    owner.wait().unwrap();

    soon("the folder is gone", || entries(&base) == 0);
    std::fs::remove_dir(&base).unwrap();
}

const KILLED: &str = "servers::tests::an_owner_that_is_killed_leaves_no_server_and_no_folder";

/// This test program again, running one test in the part of the owner.
pub(super) fn in_a_process_of_its_own(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(OWNER, "1")
        .stdin(Stdio::piped());
    command
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn own_servers_until_killed() {
    let server = Postgres::start().unwrap();
    let pooler = PgBouncer::start(&server, &PoolSettings::default()).unwrap();
    let pooler_folder = pooler.log_path();
    println!(
        "owned {} {} {} {}",
        server.port(),
        pooler.port(),
        server.folder().display(),
        pooler_folder.parent().unwrap().display(),
    );
    // Waits for the kill, or for the end of whoever would have killed.
    let _ = std::io::stdin().read(&mut [0]);
    panic!("an owner that was to be killed came to its end");
}

struct Owner {
    child: Child,
}

impl Owner {
    fn start() -> Self {
        let child = in_a_process_of_its_own(KILLED)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child }
    }

    fn servers(&mut self) -> ([u16; 2], [PathBuf; 2]) {
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let line = lines
            .map(Result::unwrap)
            .find(|line| line.contains("owned "))
            .unwrap();
        let words: Vec<_> = line.split_once("owned ").unwrap().1.split(' ').collect();
        let port = |at: usize| words[at].parse().unwrap();
        ([port(0), port(1)], [words[2].into(), words[3].into()])
    }
}
