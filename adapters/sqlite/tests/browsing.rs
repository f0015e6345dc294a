//! Tenants' tables are browsed and their usage is sampled on SQLite as everywhere, and what SQLite alone makes of values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use futures_lite::future::block_on;
use tenantry::ports::{
    AuditStore, Clock, SchemaProvider, TenantRepository, TenantSizes, TenantTables, UsageStore,
};
use tenantry::tables::{
    ColumnDeclaration, ColumnKind, Direction, FilterOperator, TableBrowser, TableCatalogue,
    TableDeclaration, TableQuery, Value,
};
use tenantry::{
    Actor, PageSize, Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use tenantry_conformance::ProbeError;
use tenantry_conformance::tables::TableHarness;
use tenantry_conformance::usage::UsageHarness;
use tenantry_sqlite::{
    SqliteAuditStore, SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool,
    SqliteTenantRepository, SqliteTenantSizes, SqliteTenantTables, SqliteUsageStore,
};

mod tables {
    tenantry_conformance::table_suite!(super::World);
}

mod usage {
    tenantry_conformance::usage_suite!(super::World);
}

struct World {
    folder: tempfile::TempDir,
}

struct NoMigrations;

impl MigrationSource<Sqlite> for NoMigrations {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(Vec::new())
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        let repository = SqliteTenantRepository::new(&world.store());
        repository.set_up().unwrap();
        world
            .shared()
            .batch_execute("CREATE TABLE shared_things AS SELECT 1 AS id")
            .unwrap();
        world
    }

    /// The folder, as one more process would open it.
    fn store(&self) -> SqliteStore {
        SqliteStore::open(SqliteConfig::new(self.folder.path().join("data"))).unwrap()
    }

    fn pool(&self) -> SqliteTenantPool {
        SqliteTenantPool::new(&self.store())
    }

    fn browsed(&self) -> SqliteTenantTables {
        SqliteTenantTables::new(&self.store(), self.pool(), Arc::new(Stopped))
    }

    fn shared(&self) -> SqliteConnection {
        let path = self.store().shared_path();
        SqliteConnection::establish(path.to_str().unwrap()).unwrap()
    }

    fn file(&self, tenant: &Tenant) -> SqliteConnection {
        let path = self.store().tenant_path(&tenant.schema().name);
        SqliteConnection::establish(path.to_str().unwrap()).unwrap()
    }

    /// Makes a tenant's file of these statements.
    fn with(&self, tenant: &Tenant, statements: &str) {
        let schemas = SqliteSchemaProvider::new(&self.store(), NoMigrations);
        block_on(schemas.create(&tenant.schema())).unwrap();
        self.file(tenant).batch_execute(statements).unwrap();
    }
}

fn literal(value: &Value) -> String {
    match (value, value.to_text()) {
        (_, None) => "NULL".into(),
        (Value::Bytes(_), Some(text)) => format!("x'{text}'"),
        (Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_), Some(text)) => text,
        (_, Some(text)) => format!("'{}'", text.replace('\'', "''")),
    }
}

impl TableHarness for World {
    const ADAPTER: &'static str = "sqlite";
    const VIEWS_CAN_WRITE: bool = false;
    const HAS_CHECKS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn tables(&self) -> Arc<dyn TenantTables> {
        Arc::new(self.browsed())
    }

    fn audit(&self) -> Arc<dyn AuditStore> {
        Arc::new(SqliteAuditStore::new(&self.store()))
    }

    fn provision(&self, tenant: &Tenant) {
        self.with(
            tenant,
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC CHECK (price >= 0), active BOOLEAN, \
             at TIMESTAMP, code TEXT UNIQUE, detail TEXT, photo BLOB, secret TEXT); \
             CREATE TABLE pairs (a TEXT, b INTEGER, note TEXT, PRIMARY KEY (a, b))",
        );
    }

    fn put(&self, tenant: &Tenant, table: &str, values: &[(&str, Value)]) {
        let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
        let values: Vec<_> = values.iter().map(|(_, value)| literal(value)).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let insert = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
        let mut file = self.file(tenant);
        file.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        file.batch_execute(&insert).unwrap();
    }

    fn items(&self, tenant: &Tenant, column: &str) -> Vec<(i64, Option<String>)> {
        let items: Vec<Item> = diesel::sql_query(format!(
            "SELECT id, CAST({column} AS TEXT) AS value FROM items ORDER BY id"
        ))
        .load(&mut self.file(tenant))
        .unwrap();
        items.into_iter().map(|row| (row.id, row.value)).collect()
    }

    fn close_audit(&self) {
        let close = "ALTER TABLE tenantry_audit RENAME TO tenantry_audit_elsewhere";
        self.shared().batch_execute(close).unwrap();
    }
}

impl UsageHarness for World {
    const ADAPTER: &'static str = "sqlite";
    const BESIDE_THE_RECORDS: bool = true;

    fn start() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn UsageStore> {
        Arc::new(SqliteUsageStore::new(&Self::store(self)))
    }

    fn sizes(&self) -> Arc<dyn TenantSizes> {
        Arc::new(SqliteTenantSizes::over(self.pool()))
    }

    fn tenants(&self) -> Arc<dyn TenantRepository> {
        Arc::new(SqliteTenantRepository::new(&Self::store(self)))
    }

    fn provision(&self, tenant: &Tenant) {
        let items = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)";
        self.with(tenant, items);
    }

    fn fill(&self, tenant: &Tenant, rows: u32) {
        let fill = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             INSERT INTO items (name) SELECT printf('%.90c', 'x') FROM n"
        );
        self.file(tenant).batch_execute(&fill).unwrap();
    }

    fn purge(&self, tenant: TenantId) -> Result<(), ProbeError> {
        let tenants = self.tenants();
        let found = block_on(tenants.find(tenant)).unwrap();
        block_on(tenants.remove(tenant, found.version())).unwrap();
        Ok(())
    }
}

fn acme() -> Tenant {
    let now = DateTime::UNIX_EPOCH;
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, [1; 10]),
        slug: Slug::new("acme").unwrap(),
        name: TenantName::new("Acme").unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    })
    .unwrap()
}

/// What a table's column `value` shows by the order of a query, in pages of one.
fn shown(statements: &str, kind: ColumnKind, query: TableQuery) -> Vec<String> {
    let (world, acme) = (World::new(), acme());
    world.with(&acme, statements);
    let id = ColumnDeclaration::new("id", ColumnKind::Integer).unwrap();
    let value = ColumnDeclaration::new("value", kind).unwrap();
    let columns = [id, value.filterable().sortable()];
    let things = TableDeclaration::new("things", columns, ["id"]).unwrap();
    let catalogue = TableCatalogue::new([things]).unwrap();
    let browser = TableBrowser::new(Arc::new(world.browsed()), catalogue);
    let mut query = query.in_pages_of(PageSize::new(1).unwrap());
    let mut shown = Vec::new();
    loop {
        let page = block_on(browser.page(&acme, &Actor::system(), &query)).unwrap();
        for row in &page.rows {
            shown.push(row.cells[1].shown().unwrap_or_else(|| "-".into()));
        }
        match page.next {
            Some(next) if shown.len() < 100 => query = query.after(next),
            _ => return shown,
        }
    }
}

fn sorted() -> TableQuery {
    TableQuery::of("things").sorted("value", Direction::Ascending)
}

#[test]
fn floats_are_paged_by_all_their_digits_and_shown_by_as_few_as_mean_the_same() {
    let things = "CREATE TABLE things (id INTEGER PRIMARY KEY, value REAL); INSERT INTO things (value) VALUES \
         (0.1 + 0.2), (0.3), (1e300), (-1e-300), (NULL), (9e999), (5), (0.1), (0.30000000000000004)";
    let expected = [
        "-1.0e-300",
        "0.1",
        "0.3",
        "0.30000000000000004",
        "0.30000000000000004",
        "5.0",
        "1.0e+300",
        "Infinity",
        "-",
    ];
    assert_eq!(shown(things, ColumnKind::Decimal, sorted()), expected);
}

#[test]
fn numbers_in_texts_are_compared_as_numbers() {
    let things = "CREATE TABLE things (id INTEGER PRIMARY KEY, value TEXT); \
         INSERT INTO things (value) VALUES ('10.50'), ('9.25'), ('100')";
    let expected = ["9.25", "10.50", "100"];
    assert_eq!(shown(things, ColumnKind::Decimal, sorted()), expected);
}

#[test]
fn times_are_compared_however_they_are_written() {
    let things = "CREATE TABLE things (id INTEGER PRIMARY KEY, value TIMESTAMP); INSERT INTO things (value) VALUES \
         ('2025-01-02T00:00:00Z'), ('2025-01-01 23:00:00'), ('2025-01-02 00:30:00+01:00'), ('2025-01-03')";
    let expected = [
        "2025-01-01T23:00:00Z",
        "2025-01-01T23:30:00Z",
        "2025-01-02T00:00:00Z",
        "2025-01-03T00:00:00Z",
    ];
    assert_eq!(shown(things, ColumnKind::Timestamp, sorted()), expected);
}

#[test]
fn what_is_not_of_its_columns_kind_is_shown_as_it_is() {
    let things = "CREATE TABLE things (id INTEGER PRIMARY KEY, value INTEGER); \
         INSERT INTO things (value) VALUES (1), ('many'), (x'ff'), (1.5)";
    let query = || TableQuery::of("things");
    let all = shown(things, ColumnKind::Integer, query());
    assert_eq!(all, ["1", "many", "ff", "1.5"]);
    let equal = FilterOperator::Equal;
    let one = shown(
        things,
        ColumnKind::Integer,
        query().filtered("value", equal, Some("1")),
    );
    assert_eq!(one, ["1"]);
}

#[test]
fn a_view_is_browsed_and_a_table_of_the_shared_file_is_not() {
    let things = "CREATE TABLE base (value TEXT); INSERT INTO base VALUES ('a'), ('b'); \
         CREATE VIEW things AS SELECT rowid AS id, value FROM base";
    assert_eq!(shown(things, ColumnKind::Text, sorted()), ["a", "b"]);
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded("tables", tenantry_conformance::tables::adapter::<World>());
    port_is_recorded("usage", tenantry_conformance::usage::adapter::<World>());
}
