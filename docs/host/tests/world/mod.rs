//! A database of the shop's, on one PostgreSQL for all tests of a file.

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_lite::future::block_on;
use shop::{AccountRepository, Shop};
use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry::{Slug, Tenant};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresConfig, TenantPool};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations/shared");

pub(crate) struct Database(String);

impl Database {
    /// Without a table.
    pub(crate) fn empty() -> Self {
        let server = Postgres::shared();
        Self(server.create_named_database().expect("a database"))
    }

    /// The shop as it was before Tenantry: Diesel's own tool has run the first migration.
    pub(crate) fn of_old(rows: &str) -> Self {
        let database = Self::empty();
        let mut connection = PgConnection::establish(&database.url()).expect("a connection");
        let ran = connection
            .run_next_migration(SHARED)
            .expect("the first migration");
        assert_eq!(ran.to_string(), "20190301000000");
        database.sql(rows);
        database
    }

    pub(crate) fn url(&self) -> String {
        Postgres::shared().database_url(&self.0)
    }

    /// What the shop's other code does: `psql` stands for it.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).expect("the statement runs")
    }

    pub(crate) fn try_sql(&self, sql: &str) -> Result<String, String> {
        let done = Postgres::shared().run_sql(&self.0, sql);
        done.map_err(|error| error.to_string())
    }

    pub(crate) fn pool(&self) -> TenantPool {
        let config: PostgresConfig = self.url().parse().expect("its URL");
        TenantPool::new(config).expect("a pool")
    }

    pub(crate) fn accounts(&self) -> AccountRepository {
        AccountRepository::new(self.pool())
    }

    pub(crate) fn shop(&self) -> Shop {
        self.try_shop().expect("the shop opens")
    }

    pub(crate) fn try_shop(&self) -> Result<Shop, shop::OpenError> {
        block_on(Shop::open(self.url().parse().expect("its URL")))
    }

    pub(crate) fn find(&self, handle: &str) -> Result<Tenant, RepositoryError> {
        let slug = Slug::new(handle).expect("a slug");
        block_on(self.accounts().find_by_slug(&slug))
    }
}
