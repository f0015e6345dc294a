//! What the benchmarks' tenants hold, and the statements that are measured, for PostgreSQL and SQLite alike.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

diesel::table! {
    items (id) {
        id -> BigInt,
        value -> BigInt,
    }
}

diesel::table! {
    entries (id) {
        id -> BigInt,
        value -> BigInt,
    }
}

const TWO_TABLES: &str = "
    CREATE TABLE items (id BIGINT PRIMARY KEY, value BIGINT NOT NULL);
    CREATE TABLE entries (id BIGINT PRIMARY KEY, value BIGINT NOT NULL);
    INSERT INTO items (id, value) VALUES (1, 42);
";

/// Keys of the rows that are inserted, each given once in this process.
static NEXT: AtomicI64 = AtomicI64::new(1);

/// Folders of migrations, as Diesel lays them out.
pub(crate) struct Migrations {
    folder: TempDir,
}

impl Migrations {
    /// Writes them into a temporary folder.
    pub(crate) fn write() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        write(&folder.path().join("two"), TWO_TABLES)?;
        write(&folder.path().join("twenty"), &twenty_tables())?;
        Ok(Self { folder })
    }

    /// Two tables, which the statements need.
    pub(crate) fn two_tables(&self) -> PathBuf {
        self.folder.path().join("two")
    }

    /// Twenty tables with a primary key, an index, and a foreign key to the table before.
    pub(crate) fn twenty_tables(&self) -> PathBuf {
        self.folder.path().join("twenty")
    }
}

fn write(folder: &Path, sql: &str) -> io::Result<()> {
    let migration = folder.join("2026-01-01-000000_tables");
    fs::create_dir_all(&migration)?;
    fs::write(migration.join("up.sql"), sql)
}

fn twenty_tables() -> String {
    let mut sql = String::new();
    for number in 1..=20 {
        let before = match number {
            1 => 1,
            number => number - 1,
        };
        let _ = writeln!(
            sql,
            "CREATE TABLE t{number} (id BIGINT PRIMARY KEY, parent BIGINT REFERENCES t{before} (id), name TEXT NOT NULL);
             CREATE INDEX t{number}_name ON t{number} (name);",
        );
    }
    sql
}

/// A key that no row has.
pub(crate) fn new_key() -> i64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Defines the measured statements for one database's connections: the same code for a scope's and for the floor's.
macro_rules! statements {
    ($backend:ty) => {
        fn statements<C>(connection: &mut C, work: Work) -> diesel::QueryResult<usize>
        where
            C: diesel::connection::LoadConnection<Backend = $backend>,
        {
            use diesel::prelude::*;

            use crate::tables::{entries, items, new_key};

            match work {
                Work::Nothing => Ok(0),
                Work::PointRead => {
                    let found = items::table.find(1).select(items::value);
                    Ok(found.load::<i64>(connection)?.len())
                }
                Work::InsertAndRead => {
                    let key = new_key();
                    let row = (entries::id.eq(key), entries::value.eq(7));
                    diesel::insert_into(entries::table)
                        .values(row)
                        .execute(connection)?;
                    let found = entries::table.find(key).select(entries::value);
                    Ok(found.load::<i64>(connection)?.len())
                }
            }
        }
    };
}

pub(crate) use statements;
