//! The shop's program serves each account's own rows over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use diesel::prelude::*;
use futures_lite::future::block_on;
use shop::Shop;
use tenantry::ports::ScopeError;
use tenantry::{Actor, BoxError, TenantContext};

use world::Database;

/// The program on a free port, ended with the value.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn serving(database: &Database) -> Self {
        let mut child = program(database, &["serve", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The status, and the body.
    fn ask(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command.args(arguments).env("DATABASE_URL", database.url());
    command
}

/// Two accounts from before Tenantry, adopted by the program, with notes of their own.
fn two_accounts() -> (Database, Shop) {
    let database = Database::of_old(
        "INSERT INTO accounts (handle, display_name) VALUES ('acme', 'Acme'), ('globex', 'Globex')",
    );
    let adopted = program(&database, &["adopt"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&adopted.stdout),
        "2 accounts adopted\n"
    );
    let shop = database.shop();
    note(&database, &shop, "acme", "only for Acme");
    note(&database, &shop, "acme", "\"quoted\"");
    note(&database, &shop, "globex", "only for Globex");
    (database, shop)
}

fn note(database: &Database, shop: &Shop, handle: &str, text: &str) {
    let tenant = database.find(handle).unwrap();
    let context = TenantContext::of(&tenant, Actor::system()).unwrap();
    let written = shop.pool().tenant(&context, |connection| {
        diesel::sql_query("INSERT INTO notes (text) VALUES ($1)")
            .bind::<diesel::sql_types::Text, _>(text)
            .execute(connection)
            .map_err(|error| ScopeError::Failed {
                source: BoxError::from(error),
            })
    });
    assert_eq!(written.unwrap(), 1);
}

#[test]
fn each_account_is_served_its_own_rows() {
    let (database, _shop) = two_accounts();
    let program = Program::serving(&database);
    let acme = (200, r#"["only for Acme","\"quoted\""]"#.to_owned());
    let globex = (200, r#"["only for Globex"]"#.to_owned());
    for _ in 0..3 {
        assert_eq!(program.ask("/acme/notes"), acme);
        assert_eq!(program.ask("/globex/notes"), globex);
    }
}

#[test]
fn whoever_is_unknown_frozen_or_closed_is_served_nothing() {
    let (database, shop) = two_accounts();
    let program = Program::serving(&database);
    assert_eq!(program.ask("/globex/notes").0, 200);
    for path in [
        "/initech/notes",
        "/admin/notes",
        "/acme%27/notes",
        "/..%2Facme/notes",
        "/",
        "/acme",
    ] {
        assert_eq!(program.ask(path), (404, String::new()), "{path}");
    }
    let globex = database.find("globex").unwrap();
    block_on(shop.tenants().suspend(globex.id(), &Actor::system())).unwrap();
    assert_eq!(program.ask("/globex/notes"), (403, String::new()));
    block_on(shop.tenants().delete(globex.id(), &Actor::system())).unwrap();
    assert_eq!(program.ask("/globex/notes"), (404, String::new()));
    assert_eq!(program.ask("/acme/notes").0, 200);
}

#[test]
fn an_account_without_its_schema_is_an_error_not_another_s_rows() {
    let (database, _shop) = two_accounts();
    let program = Program::serving(&database);
    assert_eq!(program.ask("/globex/notes").0, 200);
    database
        .sql("DROP SCHEMA tenant_globex CASCADE; CREATE TABLE public.notes (id bigint, text text)");
    assert_eq!(program.ask("/globex/notes"), (500, String::new()));
}
