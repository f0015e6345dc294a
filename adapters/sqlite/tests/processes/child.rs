//! The other process: what it is told to do, and a hand on it from outside.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::sqlite::Sqlite;
use futures_lite::future::block_on;
use tenantry::ports::{
    Creation, RepositoryError, SchemaError, SchemaProvider, ScopeError, TenantRepository,
};
use tenantry::{Tenant, TenantContext};
use tenantry_sqlite::{
    SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, SqliteTenantRepository,
    scope_error,
};

pub(crate) fn open(folder: &Path) -> SqliteStore {
    let config = SqliteConfig::new(folder).lock_timeout(Duration::from_secs(20));
    SqliteStore::open(config).expect("the folder")
}

/// Does what the arguments say, and tells how it went by one line for each step.
pub(crate) fn act(arguments: &[String]) {
    let [role, folder, what] = arguments else {
        panic!("child <role> <folder> <what>, not {arguments:?}");
    };
    let folder = Path::new(folder);
    match role.as_str() {
        "set-up" => set_up(folder),
        "insert" => insert(folder, what),
        "create" => create(folder, what, Items { stops: false }),
        "create-and-stop" => create(folder, what, Items { stops: true }),
        "enter" => enter(folder, what),
        other => panic!("no role {other}"),
    }
}

fn set_up(folder: &Path) {
    wait();
    let done = SqliteTenantRepository::new(&open(folder)).set_up();
    tell(if done.is_ok() { "done" } else { "failed" });
}

fn insert(folder: &Path, what: &str) {
    let tenant: Tenant = serde_json::from_str(what).expect("a tenant");
    let repository = SqliteTenantRepository::new(&open(folder));
    wait();
    match block_on(repository.insert(&tenant)) {
        Ok(()) => tell("won"),
        Err(RepositoryError::AlreadyExists { .. }) => tell("taken"),
        Err(error) => tell(&format!("{error:?}")),
    }
}

fn create(folder: &Path, what: &str, migrations: Items) {
    let context: TenantContext = serde_json::from_str(what).expect("a context");
    let provider = SqliteSchemaProvider::new(&open(folder), migrations);
    wait();
    match block_on(provider.create(&context.schema())) {
        Ok(Creation::Made(_)) => tell("made"),
        Ok(Creation::AlreadyThere) => tell("there"),
        Err(SchemaError::Busy { .. }) => tell("busy"),
        Err(error) => tell(&format!("{error:?}")),
    }
}

/// Inserts a row for each line that comes, and stays inside after the line `stay`.
fn enter(folder: &Path, what: &str) {
    let context: TenantContext = serde_json::from_str(what).expect("a context");
    let pool = SqliteTenantPool::new(&open(folder));
    tell("ready");
    while let Some(line) = next_line() {
        let entered = pool.session(&context).and_then(|mut session| {
            let inserted = session.batch_execute("INSERT INTO items VALUES (1)");
            if line == "stay" {
                tell("inside");
                wait();
            }
            inserted.map_err(scope_error)
        });
        match entered {
            Ok(()) => tell("inserted"),
            Err(ScopeError::SchemaMissing { .. }) => tell("missing"),
            Err(ScopeError::SchemaForeign { .. }) => tell("foreign"),
            Err(error) => tell(&format!("{error:?}")),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn tell(word: &str) {
    println!("{word}");
    std::io::stdout().flush().expect("the parent listens");
}

fn wait() {
    tell("ready");
    let _ = next_line();
}

/// Each line is read by itself, since whoever iterates over the lines keeps the input from others.
fn next_line() -> Option<String> {
    let mut line = String::new();
    let length = std::io::stdin().read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

/// One migration, which makes the table `items` and may then wait for a line.
pub(crate) struct Items {
    pub(crate) stops: bool,
}

impl MigrationSource<Sqlite> for Items {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(vec![Box::new(Self { stops: self.stops })])
    }
}

impl Migration<Sqlite> for Items {
    fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        connection.batch_execute("CREATE TABLE items (value INTEGER NOT NULL)")?;
        if self.stops {
            wait();
        }
        Ok(())
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        Err("nothing is reverted here".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Items {}

impl MigrationName for Items {
    fn version(&self) -> MigrationVersion<'_> {
        "0001".into()
    }
}

impl std::fmt::Display for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0001")
    }
}

/// Another process, which is killed when this is dropped.
pub(crate) struct Other {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    pub(crate) fn start(role: &str, folder: &Path, what: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["child", role])
            .arg(folder)
            .arg(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self {
            process,
            input,
            output,
        }
    }

    /// The next word that it tells; empty once it has ended.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    pub(crate) fn say(&mut self, word: &str) {
        writeln!(self.input, "{word}").expect("it listens");
    }

    /// Kills it without a farewell, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
    }
}
