//! The PostgreSQL adapter, on a server of its own.

mod folder;
mod tables;

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use futures_lite::future::block_on;
use tables::statements;
use tenantry::ports::{SchemaProvider, TenantRepository};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{Floor, Subject, Work};
use tenantry_conformance::servers::Postgres as Server;
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
    TenantConnection, TenantPool,
};

struct Postgres {
    pool: TenantPool,
    repository: Arc<PostgresTenantRepository>,
    schemas: Arc<PostgresSchemaProvider>,
    twenty_tables: Arc<PostgresSchemaProvider>,
    url: String,
    version: String,
    _migrations: tables::Migrations,
    _server: Server,
}

impl Postgres {
    fn start() -> Result<Self, BoxError> {
        let server = Server::start()?;
        let url = server.socket_url();
        let config: PostgresConfig = url.parse()?;
        let migrations = tables::Migrations::write()?;
        let provider = |folder| {
            let migrations = Migrations::folder(folder)?;
            let provider = PostgresSchemaProvider::new(config.clone(), migrations);
            Ok::<_, BoxError>(Arc::new(provider))
        };
        block_on(SharedMigrations::of_tenantry(config.clone()).run())?;
        let pool = TenantPool::new(config.clone())?;
        Ok(Self {
            schemas: provider(migrations.two_tables())?,
            twenty_tables: provider(migrations.twenty_tables())?,
            repository: Arc::new(PostgresTenantRepository::over(pool.clone())),
            pool,
            version: server.run_sql("postgres", "SHOW server_version")?,
            url,
            _migrations: migrations,
            _server: server,
        })
    }
}

impl Subject for Postgres {
    type Scopes = TenantPool;

    const NAME: &'static str = "postgres";

    fn conditions(&self) -> String {
        let settings = self.pool.settings();
        format!(
            "PostgreSQL {} on this machine, over a Unix socket, not durable (fsync, synchronous_commit and \
             full_page_writes off); a pool of {}, up to {} tenants for each connection; the floor is Diesel's \
             PgConnection with its search_path set once",
            self.version, settings.max_size, settings.tenants_per_connection
        )
    }

    fn scopes(&self) -> &TenantPool {
        &self.pool
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.repository.clone()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.schemas.clone()
    }

    fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
        Ok(statements(connection, work)?)
    }

    fn floor(&self, context: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
        let mut connection = PgConnection::establish(&self.url)?;
        let schema = context.schema().name.quoted();
        connection.batch_execute(&format!("SET search_path TO {schema}, pg_temp"))?;
        Ok(Box::new(Pinned(connection)))
    }

    fn goal(&self) -> Option<f64> {
        Some(1.5)
    }

    fn provisioned(&self) -> Vec<(&'static str, Arc<dyn SchemaProvider>)> {
        vec![
            ("2 tables", self.schemas.clone()),
            ("20 tables", self.twenty_tables.clone()),
        ]
    }
}

struct Pinned(PgConnection);

impl Floor for Pinned {
    fn perform(&mut self, work: Work) -> Result<usize, BoxError> {
        Ok(statements(&mut self.0, work)?)
    }

    fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError> {
        Ok(self
            .0
            .transaction(|connection| statements(connection, work))?)
    }
}

statements!(Pg);

fn main() -> Result<(), BoxError> {
    Ok(tenantry_benches::run(
        &Postgres::start()?,
        &folder::results(),
    )?)
}
