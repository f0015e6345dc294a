use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};
use diesel::{PgConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_lite::future::block_on;
use tenantry::jobs::{JobFailure, JobHandler};
use tenantry::ports::{JobQueue, TenantRepository};
use tenantry::{SchemaName, TenantContext, TenantService};
use tenantry_postgres::jobs::{InTenant, PostgresJobQueue};
use tenantry_postgres::{
    Migrations, PoolSettings, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository,
    SharedMigrations, SharedSchema, TenantConnection, TenantPool,
};

use super::cost::median;
use super::failure::WorkFailed;
use super::notes::{read_queries, write_as_a_job, write_queries};
use super::plain_pool::second_borrower;
use super::store::{Aftermath, Cost, DemoStore, Leak, clear_away};
use crate::database::{LOCK_TIMEOUT, compose};
use crate::error::CliError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("demo-migrations");

/// What the careless borrower leaves: its name, the statement that leaves it, and the query that finds it.
const LEFTOVERS: [(&str, &str, &str); 5] = [
    (
        "a temporary table",
        "CREATE TEMPORARY TABLE demo_leftover AS SELECT * FROM notes",
        "SELECT to_regclass('pg_temp.demo_leftover') IS NOT NULL AS seen",
    ),
    (
        "a setting",
        "SET demo.leftover = 'acme'",
        "SELECT coalesce(current_setting('demo.leftover', true), '') <> '' AS seen",
    ),
    (
        "a subscription",
        "LISTEN demo_leftover",
        "SELECT EXISTS (SELECT FROM pg_listening_channels()) AS seen",
    ),
    (
        "another path",
        "SET search_path = tenant_demo_acme, public",
        "SELECT position('demo_acme' IN current_setting('search_path')) > 0 AS seen",
    ),
    (
        "an open transaction",
        "BEGIN; DELETE FROM notes",
        "SELECT NOT EXISTS (SELECT FROM tenant_demo_acme.notes) AS seen",
    ),
];

read_queries!(TenantConnection);
write_queries!(TenantConnection);
write_as_a_job!(TenantConnection);

/// The same code on a connection that is nobody's.
mod plain {
    use diesel::PgConnection;
    use diesel::prelude::*;

    super::read_queries!(PgConnection);
}

/// The demo on a PostgreSQL database that others may use, too.
pub(crate) struct PostgresDemo {
    config: PostgresConfig,
    service: TenantService,
    pool: TenantPool,
    jobs: SharedSchema,
}

/// The demo's job queue is in a schema of its own, which has this comment and is dropped at the end.
const SCHEMA_OF_JOBS: &str = "tenantry_demo_jobs";
const MADE_BY_THE_DEMO: &str = "made by the demo of tenantry";

impl PostgresDemo {
    pub(crate) fn start(config: &PostgresConfig) -> Result<Self, CliError> {
        let shared = SharedMigrations::of_tenantry(config.clone());
        block_on(shared.with_lock_timeout(LOCK_TIMEOUT).run()).map_err(CliError::database)?;
        let migrations = Migrations::embedded(&MIGRATIONS)?;
        let schemas = PostgresSchemaProvider::new(config.clone(), migrations);
        let service = compose(PostgresTenantRepository::new(config.clone()), schemas);
        // One connection, so that the next borrower gets the very one that the careless one had.
        let settings = PoolSettings {
            max_size: 1,
            ..PoolSettings::default()
        };
        let pool =
            TenantPool::with_settings(config.clone(), settings).map_err(CliError::database)?;
        let jobs = SharedSchema::new(SCHEMA_OF_JOBS).map_err(CliError::database)?;
        let demo = Self {
            config: config.clone(),
            service,
            pool,
            jobs,
        };
        demo.clear()?;
        demo.make_queue()?;
        Ok(demo)
    }

    fn make_queue(&self) -> Result<(), CliError> {
        self.operator()?
            .batch_execute(&format!(
                "BEGIN; CREATE SCHEMA {SCHEMA_OF_JOBS}; \
                 COMMENT ON SCHEMA {SCHEMA_OF_JOBS} IS '{MADE_BY_THE_DEMO}'; COMMIT"
            ))
            .map_err(CliError::database)?;
        let migrations = SharedMigrations::of_jobs(self.config.clone());
        let migrations = migrations.with_shared_schema(self.jobs.clone());
        block_on(migrations.with_lock_timeout(LOCK_TIMEOUT).run()).map_err(CliError::database)?;
        Ok(())
    }

    /// Drops the queue, if there is one, and it is the demo's.
    fn drop_queue(&self) -> Result<(), CliError> {
        let mut operator = self.operator()?;
        let ours = sql_query(
            "SELECT coalesce(obj_description(to_regnamespace($1)::oid, 'pg_namespace') = $2, false) AS seen",
        );
        let ours = ours
            .bind::<Text, _>(SCHEMA_OF_JOBS)
            .bind::<Text, _>(MADE_BY_THE_DEMO)
            .get_result::<Seen>(&mut operator)
            .map_err(CliError::database)?;
        if ours.seen {
            let drop = format!("DROP SCHEMA {SCHEMA_OF_JOBS} CASCADE");
            operator.batch_execute(&drop).map_err(CliError::database)?;
        }
        Ok(())
    }

    fn operator(&self) -> Result<PgConnection, CliError> {
        self.config
            .connect_administrative(LOCK_TIMEOUT)
            .map_err(CliError::database)
    }

    fn rename_schema(&self, from: &str, to: &str) -> Result<(), CliError> {
        let rename = format!("ALTER SCHEMA \"{from}\" RENAME TO \"{to}\"");
        self.operator()?
            .batch_execute(&rename)
            .map_err(CliError::database)
    }
}

impl DemoStore for PostgresDemo {
    fn title(&self) -> String {
        format!("PostgreSQL ({})", self.config.target())
    }

    fn container(&self) -> &'static str {
        "schema"
    }

    fn service(&self) -> &TenantService {
        &self.service
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::new(PostgresTenantRepository::new(self.config.clone()))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(PostgresJobQueue::in_schema(self.config.clone(), &self.jobs))
    }

    fn handler(&self) -> Arc<dyn JobHandler> {
        Arc::new(InTenant::new(self.pool.clone(), |attempt, connection| {
            let text: String = attempt.job.payload().read()?;
            write_note_of_a_job(connection, &text).map_err(JobFailure::transient)?;
            Ok(None)
        }))
    }

    fn write(&self, context: &TenantContext, bodies: &[String]) -> Result<(), CliError> {
        let work = |connection: &mut TenantConnection| Ok(write_notes(connection, bodies)?);
        self.pool
            .tenant(context, work)
            .map(drop)
            .map_err(|failed: WorkFailed| failed.into())
    }

    fn read(&self, context: &TenantContext) -> Result<Vec<String>, CliError> {
        let work = |connection: &mut TenantConnection| Ok(read_notes(connection)?);
        self.pool
            .tenant(context, work)
            .map_err(|failed: WorkFailed| failed.into())
    }

    fn leak_without_tenantry(&self, context: &TenantContext) -> Result<Leak, CliError> {
        let set_path = format!("SET search_path = {}", context.schema().name.quoted());
        let rows = second_borrower(
            self.operator()?,
            |connection| {
                connection
                    .batch_execute(&set_path)
                    .map_err(CliError::database)
            },
            |connection| plain::read_notes(connection).map_err(CliError::database),
        )?;
        Ok(Leak {
            how: "a SET search_path stays on the pooled connection",
            rows,
        })
    }

    fn careless(
        &self,
        first: &TenantContext,
        second: &TenantContext,
    ) -> Result<Aftermath, CliError> {
        let mut session = self.pool.session(first).map_err(CliError::Scope)?;
        let before = backend(&mut session)?;
        for (_, leave, _) in LEFTOVERS {
            session.batch_execute(leave).map_err(CliError::database)?;
        }
        drop(session);
        let seen_by_next = |connection: &mut TenantConnection| {
            let mut seen = Vec::new();
            for (name, _, find) in LEFTOVERS {
                if sql_query(find).get_result::<Seen>(connection)?.seen {
                    seen.push(name);
                }
            }
            Ok((
                seen,
                read_notes(connection)?,
                sql_query(BACKEND).get_result::<Backend>(connection)?,
            ))
        };
        let (seen, notes, after) = self
            .pool
            .tenant(second, seen_by_next)
            .map_err(|failed: WorkFailed| CliError::from(failed))?;
        let connection = if after.pid == before {
            format!("the same connection, backend {before}, cleaned")
        } else {
            "the connection was closed".to_owned()
        };
        let left = LEFTOVERS.iter().map(|(name, ..)| *name).collect();
        Ok(Aftermath {
            left,
            seen,
            notes,
            connection,
        })
    }

    fn hide(&self, schema: &SchemaName) -> Result<(), CliError> {
        self.rename_schema(schema.as_str(), "demo_hidden")
    }

    fn bring_back(&self, schema: &SchemaName) -> Result<(), CliError> {
        self.rename_schema("demo_hidden", schema.as_str())
    }

    fn costs(&self, context: &TenantContext) -> Result<Vec<Cost>, CliError> {
        let mut pinned = self.operator()?;
        let set_path = format!("SET search_path = {}", context.schema().name.quoted());
        pinned
            .batch_execute(&set_path)
            .map_err(CliError::database)?;
        let pool = TenantPool::new(self.config.clone()).map_err(CliError::database)?;
        let floor = median(|| {
            plain::read_one(&mut pinned)
                .map(drop)
                .map_err(CliError::database)
        })?;
        let session = median(|| {
            let mut session = pool.session(context).map_err(CliError::Scope)?;
            read_one(&mut session).map(drop).map_err(CliError::database)
        })?;
        let transaction = median(|| {
            let work = |connection: &mut TenantConnection| Ok(read_one(connection)?);
            pool.tenant(context, work)
                .map(drop)
                .map_err(|failed: WorkFailed| failed.into())
        })?;
        Ok(vec![
            Cost {
                way: "one connection for one tenant, never shared",
                median: floor,
            },
            Cost {
                way: "a session scope, warm",
                median: session,
            },
            Cost {
                way: "a transaction scope, with BEGIN and COMMIT",
                median: transaction,
            },
        ])
    }

    fn clear(&self) -> Result<(), CliError> {
        self.drop_queue()?;
        clear_away(&self.service)
    }
}

const BACKEND: &str = "SELECT pg_backend_pid() AS pid";

#[derive(QueryableByName)]
struct Backend {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = Bool)]
    seen: bool,
}

fn backend(connection: &mut TenantConnection) -> Result<i32, CliError> {
    let found = sql_query(BACKEND).get_result::<Backend>(connection);
    Ok(found.map_err(CliError::database)?.pid)
}
