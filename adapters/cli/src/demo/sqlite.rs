use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::{SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tempfile::TempDir;
use tenantry::jobs::{JobFailure, JobHandler};
use tenantry::ports::{JobQueue, TenantRepository};
use tenantry::{SchemaName, TenantContext, TenantService};
use tenantry_sqlite::jobs::{InTenant, SqliteJobQueue};
use tenantry_sqlite::{
    SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantPool, SqliteTenantRepository,
    TenantConnection,
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
const LEFTOVERS: [(&str, &str, &str); 3] = [
    (
        "a temporary table",
        "CREATE TEMPORARY TABLE demo_leftover AS SELECT * FROM notes",
        "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'demo_leftover') AS seen",
    ),
    (
        "a setting",
        "PRAGMA cache_size = 4321",
        "SELECT cache_size = 4321 AS seen FROM pragma_cache_size",
    ),
    (
        "an open transaction",
        "BEGIN; DELETE FROM notes",
        "SELECT NOT EXISTS (SELECT 1 FROM notes) AS seen",
    ),
];

read_queries!(TenantConnection);
write_queries!(TenantConnection);
write_as_a_job!(TenantConnection);

/// The same code on a connection that is nobody's.
mod plain {
    use diesel::SqliteConnection;
    use diesel::prelude::*;

    super::read_queries!(SqliteConnection);
}

/// The demo on SQLite files.
pub(crate) struct SqliteDemo {
    title: String,
    store: SqliteStore,
    service: TenantService,
    pool: SqliteTenantPool,
    /// The file of jobs is in a folder of its own, so that it is gone afterwards, and nobody else's worker sees it.
    jobs: SqliteStore,
    _folders: (TempDir, Option<TempDir>),
}

impl SqliteDemo {
    /// In `folder`, or in a temporary one that is deleted at the end.
    pub(crate) fn start(folder: Option<&Path>) -> Result<Self, CliError> {
        let temporary = if folder.is_none() {
            Some(TempDir::new()?)
        } else {
            None
        };
        let (title, folder) = match (&temporary, folder) {
            (Some(temporary), _) => (
                "SQLite (a temporary folder)".to_owned(),
                temporary.path().join("data"),
            ),
            (None, folder) => {
                let folder = folder.map(Path::to_owned).unwrap_or_default();
                (format!("SQLite ({})", folder.display()), folder)
            }
        };
        let config = SqliteConfig::new(folder).lock_timeout(LOCK_TIMEOUT);
        let store = SqliteStore::open(config).map_err(CliError::database)?;
        let repository = SqliteTenantRepository::new(&store);
        repository.set_up()?;
        let schemas = SqliteSchemaProvider::new(&store, MIGRATIONS);
        let service = compose(repository, schemas);
        let pool = SqliteTenantPool::new(&store);
        let folder_of_jobs = TempDir::new()?;
        let config = SqliteConfig::new(folder_of_jobs.path().join("jobs"));
        let jobs = SqliteStore::open(config).map_err(CliError::database)?;
        SqliteJobQueue::new(&jobs).set_up()?;
        let demo = Self {
            title,
            store,
            service,
            pool,
            jobs,
            _folders: (folder_of_jobs, temporary),
        };
        demo.clear()?;
        Ok(demo)
    }

    fn hidden(&self, schema: &SchemaName) -> PathBuf {
        self.store.tenant_path(schema).with_extension("hidden")
    }

    fn plain(&self, schema: &SchemaName) -> Result<SqliteConnection, CliError> {
        let path = self.store.tenant_path(schema);
        SqliteConnection::establish(&path.to_string_lossy()).map_err(CliError::database)
    }
}

impl DemoStore for SqliteDemo {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn container(&self) -> &'static str {
        "file"
    }

    fn service(&self) -> &TenantService {
        &self.service
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        Arc::new(SqliteTenantRepository::new(&self.store))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(SqliteJobQueue::new(&self.jobs))
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
        let path = self.store.tenant_path(&context.schema().name);
        let attach = |connection: &mut SqliteConnection| {
            let attach = sql_query("ATTACH ? AS tenant").bind::<Text, _>(path.to_string_lossy());
            attach
                .execute(connection)
                .map(drop)
                .map_err(CliError::database)
        };
        let rows = second_borrower(
            SqliteConnection::establish(":memory:").map_err(CliError::database)?,
            attach,
            |connection| plain::read_notes(connection).map_err(CliError::database),
        )?;
        Ok(Leak {
            how: "an attached file stays on the pooled connection",
            rows,
        })
    }

    fn careless(
        &self,
        first: &TenantContext,
        second: &TenantContext,
    ) -> Result<Aftermath, CliError> {
        let mut session = self.pool.session(first).map_err(CliError::Scope)?;
        let before = session.serial();
        for (_, leave, _) in LEFTOVERS {
            session.batch_execute(leave).map_err(CliError::database)?;
        }
        drop(session);
        let mut seen = self.leftovers(first, before)?.0;
        let (also, reused) = self.leftovers(second, before)?;
        seen.extend(also);
        let connection = if reused {
            "the same connection, cleaned"
        } else {
            "the connection was closed"
        };
        let notes = self.read(second)?;
        let left = LEFTOVERS.iter().map(|(name, ..)| *name).collect();
        Ok(Aftermath {
            left,
            seen,
            notes,
            connection: connection.to_owned(),
        })
    }

    fn hide(&self, schema: &SchemaName) -> Result<(), CliError> {
        Ok(fs::rename(
            self.store.tenant_path(schema),
            self.hidden(schema),
        )?)
    }

    fn bring_back(&self, schema: &SchemaName) -> Result<(), CliError> {
        Ok(fs::rename(
            self.hidden(schema),
            self.store.tenant_path(schema),
        )?)
    }

    fn costs(&self, context: &TenantContext) -> Result<Vec<Cost>, CliError> {
        let mut pinned = self.plain(&context.schema().name)?;
        let floor = median(|| {
            plain::read_one(&mut pinned)
                .map(drop)
                .map_err(CliError::database)
        })?;
        let session = median(|| {
            let mut session = self.pool.session(context).map_err(CliError::Scope)?;
            read_one(&mut session).map(drop).map_err(CliError::database)
        })?;
        let transaction = median(|| {
            let work = |connection: &mut TenantConnection| Ok(read_one(connection)?);
            self.pool
                .tenant(context, work)
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
                way: "a transaction scope, with its write lock",
                median: transaction,
            },
        ])
    }

    fn clear(&self) -> Result<(), CliError> {
        clear_away(&self.service)
    }
}

impl SqliteDemo {
    /// What the next borrower in `context` sees of what was left, and whether its connection is that one.
    fn leftovers(
        &self,
        context: &TenantContext,
        serial: u64,
    ) -> Result<(Vec<&'static str>, bool), CliError> {
        let work = |connection: &mut TenantConnection| {
            let mut seen = Vec::new();
            for (name, _, find) in LEFTOVERS {
                if sql_query(find).get_result::<Seen>(connection)?.seen {
                    seen.push(name);
                }
            }
            Ok((seen, connection.serial() == serial))
        };
        self.pool
            .tenant(context, work)
            .map_err(|failed: WorkFailed| failed.into())
    }
}

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = Bool)]
    seen: bool,
}
