use std::path::PathBuf;
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use parking_lot::Mutex;
use tenantry::ports::JobQueueError;

use crate::SqliteStore;
use crate::connection::establish;
use crate::error::{Cause, Classified};
use crate::store::make_file;
use crate::uri::Access;

/// The migrations, in order. How many of them a file has had is its `user_version`.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../migrations/jobs/00000000000001_jobs/up.sql"),
    include_str!("../../migrations/jobs/00000000000002_schedules/up.sql"),
];

/// The file that jobs are kept in, over one connection, on which calls take turns.
#[derive(Clone)]
pub(super) struct JobFile {
    store: SqliteStore,
    kept: Arc<Mutex<Option<SqliteConnection>>>,
}

/// Why work on the file ended early.
#[derive(Debug)]
pub(super) enum Ended {
    /// For a reason that the port knows.
    Known(JobQueueError),
    /// The file can't be used.
    Store(Classified),
}

impl From<JobQueueError> for Ended {
    fn from(error: JobQueueError) -> Self {
        Self::Known(error)
    }
}

impl From<diesel::result::Error> for Ended {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Classified> for Ended {
    fn from(error: Classified) -> Self {
        Self::Store(error)
    }
}

impl From<Ended> for JobQueueError {
    fn from(ended: Ended) -> Self {
        let Classified { cause, source } = match ended {
            Ended::Known(error) => return error,
            Ended::Store(error) => error,
        };
        match cause {
            Cause::Full => Self::StorageFull { source },
            Cause::NoSuchTable => Self::NotSetUp {
                advice: "call SqliteJobQueue::set_up once",
                source,
            },
            Cause::Busy | Cause::Unavailable | Cause::Changed => Self::Unavailable { source },
            Cause::Forbidden | Cause::NotADatabase | Cause::Transaction | Cause::Other => {
                Self::Failed { source }
            }
        }
    }
}

#[derive(QueryableByName)]
struct UserVersion {
    #[diesel(sql_type = BigInt)]
    user_version: i64,
}

impl JobFile {
    pub(super) fn new(store: SqliteStore) -> Self {
        Self {
            store,
            kept: Arc::default(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.store.config().folder().join("jobs.sqlite")
    }

    /// Makes the file and its tables, where they are missing. Of several at once, one does it.
    pub(super) fn set_up(&self) -> Result<(), Ended> {
        make_file(&self.path())
            .map_err(|error| Ended::Store(tenantry::BoxError::from(error).into()))?;
        self.transaction(|connection| {
            let found: UserVersion = sql_query("PRAGMA user_version").get_result(connection)?;
            let done = usize::try_from(found.user_version).unwrap_or(usize::MAX);
            for migration in MIGRATIONS.iter().skip(done) {
                connection.batch_execute(migration)?;
            }
            // A newer release may have gone further.
            let done = done.max(MIGRATIONS.len());
            Ok(connection.batch_execute(&format!("PRAGMA user_version = {done}"))?)
        })
    }

    /// Runs `work` in one transaction that has the file's write lock from its beginning.
    pub(super) fn transaction<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Ended>,
    ) -> Result<T, Ended> {
        let mut kept = self.kept.lock();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.open()?,
        };
        // A panic in `work` drops the connection, and what it did with it.
        let outcome = connection.immediate_transaction(work);
        let doubtful = matches!(
            &outcome,
            Err(Ended::Store(Classified {
                cause: Cause::Unavailable | Cause::NotADatabase,
                ..
            }))
        );
        if !doubtful {
            *kept = Some(connection);
        }
        outcome
    }

    fn open(&self) -> Result<SqliteConnection, Ended> {
        let path = self.path();
        if !path.exists() {
            let source = format!("{} is missing", path.display()).into();
            let advice = "call SqliteJobQueue::set_up once";
            return Err(JobQueueError::NotSetUp { advice, source }.into());
        }
        let timeout = self.store.config().lock_timeout;
        let mut connection = establish(&path, Access::ReadWrite, timeout)?;
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        Ok(connection)
    }
}
