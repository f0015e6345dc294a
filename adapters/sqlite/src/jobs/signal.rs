use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use tenantry_runner::WakeSignal;

use super::file::JobFile;
use crate::SqliteStore;
use crate::connection::establish;
use crate::uri::Access;

/// Tells when the file of jobs was changed by anybody, in this process or another, by SQLite's `data_version`.
///
/// It also tells of changes that put no job in: then a runner has looked once more than it had to.
pub struct SqliteJobSignal {
    file: JobFile,
    lock_timeout: Duration,
    connection: Option<SqliteConnection>,
    seen: Option<i64>,
    tried_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl SqliteJobSignal {
    /// How long a signal may lie unnoticed: 20 milliseconds. Each look is a few system calls.
    pub const GLANCE: Duration = Duration::from_millis(20);
    /// How long to wait before the file is tried again.
    const PAUSE: Duration = Duration::from_secs(1);

    /// A signal of this store's queue. Nothing is opened yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            file: JobFile::new(store.clone()),
            lock_timeout: store.config().lock_timeout,
            connection: None,
            seen: None,
            tried_at: None,
        }
    }

    fn open(&mut self) -> Option<&mut SqliteConnection> {
        let rested = self.tried_at.is_none_or(|at| at.elapsed() >= Self::PAUSE);
        if self.connection.is_none() && rested {
            self.tried_at = Some(Instant::now());
            let path = self.file.path();
            let opened = establish(&path, Access::ReadWrite, self.lock_timeout);
            self.connection = opened.ok();
        }
        self.connection.as_mut()
    }
}

impl WakeSignal for SqliteJobSignal {
    fn came(&mut self) -> bool {
        let Some(connection) = self.open() else {
            return false;
        };
        let found = sql_query("PRAGMA data_version").get_result::<Version>(connection);
        let Ok(Version { data_version }) = found else {
            self.connection = None;
            self.seen = None;
            return false;
        };
        self.seen.replace(data_version) != Some(data_version)
    }

    fn glance(&self) -> Duration {
        Self::GLANCE
    }
}

impl std::fmt::Debug for SqliteJobSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteJobSignal")
            .field("path", &self.file.path())
            .field("open", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}
