//! A database of its own for each test, with Tenantry's tables set up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use futures_lite::future::block_on;
use tenantry::ports::Clock;
use tenantry::tables::Value;
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus, Version};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresConfig, SharedMigrations, TenantPool, mark_of};

pub(crate) struct World {
    pub(crate) database: String,
    pub(crate) config: PostgresConfig,
    pub(crate) pool: TenantPool,
}

/// A clock that stands still.
pub(crate) struct Stopped;

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
    pub(crate) fn new() -> Self {
        let server = Postgres::shared();
        let database = server.create_named_database().unwrap();
        let config: PostgresConfig = server.database_url(&database).parse().unwrap();
        block_on(SharedMigrations::of_tenantry(config.clone()).run()).unwrap();
        let pool = TenantPool::new(config.clone()).unwrap();
        Self {
            database,
            config,
            pool,
        }
    }

    pub(crate) fn connection(&self) -> PgConnection {
        let patience = Duration::from_secs(10);
        self.config.connect_administrative(patience).unwrap()
    }

    pub(crate) fn sql(&self, sql: &str) {
        self.connection().batch_execute(sql).unwrap();
    }

    /// Makes a tenant's schema of these statements, in which `{s}` is its name.
    pub(crate) fn schema(&self, tenant: &Tenant, statements: &str) {
        let (schema, mark) = (tenant.schema().name, mark_of(tenant.id()));
        let statements = statements.replace("{s}", schema.as_str());
        self.sql(&format!(
            "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{mark}'; {statements}"
        ));
    }

    pub(crate) fn put(&self, tenant: &Tenant, table: &str, values: &[(&str, Value)]) {
        let columns: Vec<_> = values.iter().map(|(column, _)| *column).collect();
        let values: Vec<_> = values.iter().map(|(_, value)| literal(value)).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let schema = tenant.schema().name;
        self.sql(&format!(
            "INSERT INTO {schema}.{table} ({columns}) VALUES ({values})"
        ));
    }

    pub(crate) fn items(&self, tenant: &Tenant, column: &str) -> Vec<(i64, Option<String>)> {
        let schema = tenant.schema().name;
        let rows: Vec<Item> = diesel::sql_query(format!(
            "SELECT id::int8 AS id, {column}::text AS value FROM {schema}.items ORDER BY id"
        ))
        .load(&mut self.connection())
        .unwrap();
        rows.into_iter().map(|row| (row.id, row.value)).collect()
    }
}

fn literal(value: &Value) -> String {
    match (value, value.to_text()) {
        (_, None) => "NULL".into(),
        (Value::Bytes(_), Some(text)) => format!("'\\x{text}'"),
        (_, Some(text)) => format!("'{}'", text.replace('\'', "''")),
    }
}

/// An active tenant.
pub(crate) fn tenant(number: u8, slug: &str) -> Tenant {
    let now = DateTime::UNIX_EPOCH;
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, [number; 10]),
        slug: Slug::new(slug).unwrap(),
        name: TenantName::new(slug).unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    })
    .unwrap()
}
