//! The PostgreSQL adapter, on a server of its own.

mod folder;
mod plain_jobs;
mod tables;

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use futures_lite::future::block_on;
use plain_jobs::PlainJobs;
use tables::statements;
use tenantry::jobs::{JobEnvelope, JobHandler};
use tenantry::ports::{Enqueued, JobQueue, SchemaProvider, TenantRepository};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{Floor, JobFloor, JobSubject, Subject, Work};
use tenantry_conformance::servers::Postgres as Server;
use tenantry_postgres::jobs::{InTenant, PostgresJobQueue};
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
    TenantConnection, TenantPool,
};

struct Postgres {
    pool: TenantPool,
    repository: Arc<PostgresTenantRepository>,
    schemas: Arc<PostgresSchemaProvider>,
    twenty_tables: Arc<PostgresSchemaProvider>,
    jobs: PostgresJobQueue,
    config: PostgresConfig,
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
        block_on(SharedMigrations::of_jobs(config.clone()).run())?;
        let pool = TenantPool::new(config.clone())?;
        Ok(Self {
            schemas: provider(migrations.two_tables())?,
            twenty_tables: provider(migrations.twenty_tables())?,
            repository: Arc::new(PostgresTenantRepository::over(pool.clone())),
            jobs: PostgresJobQueue::over(pool.clone()),
            pool,
            config: config.clone(),
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

impl JobSubject for Postgres {
    const PUTS_IN_WITHIN_TRANSACTIONS: bool = true;

    fn job_conditions(&self) -> String {
        format!(
            "PostgreSQL {} on this machine, over a Unix socket, not durable; each worker has one connection; the floor is \
             a table with the same rows on Diesel's PgConnection, taken from by UPDATE … FOR UPDATE SKIP LOCKED",
            self.version
        )
    }

    fn queue(&self) -> Result<Arc<dyn JobQueue>, BoxError> {
        Ok(Arc::new(PostgresJobQueue::new(self.config.clone())))
    }

    fn handler(&self, begun: Arc<dyn Fn() + Send + Sync>) -> Arc<dyn JobHandler> {
        Arc::new(InTenant::new(self.pool.clone(), move |_, _| {
            begun();
            Ok(None)
        }))
    }

    fn put_in_within(
        &self,
        connection: &mut TenantConnection,
        job: &JobEnvelope,
    ) -> Result<(), BoxError> {
        match self.jobs.enqueue(connection, job)? {
            Enqueued::New => Ok(()),
            Enqueued::AlreadyThere(id) => Err(format!("job {id} is there already").into()),
        }
    }

    fn job_floor(&self) -> Result<Box<dyn JobFloor + '_>, BoxError> {
        Ok(Box::new(PlainJobs::connect(&self.url)?))
    }

    fn rate_goal(&self) -> Option<f64> {
        Some(0.8)
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
    let postgres = Postgres::start()?;
    tenantry_benches::run(&postgres, &folder::results())?;
    tenantry_benches::run_jobs(&postgres, &folder::results())?;
    Ok(())
}
