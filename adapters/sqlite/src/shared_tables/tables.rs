use std::sync::Arc;

use chrono::{DateTime, Utc};
use tenantry::BoxError;
use tenantry::ports::{ScopeError, ScopeMode};

use crate::error::{Cause, Classified};
use crate::pool::Files;
use crate::repository::in_transaction;
use crate::{SharedConnection, SqliteStore, SqliteTenantRepository};

/// What to call where a table is missing.
pub(crate) const SET_UP: &str = "call SqliteTenantRepository::set_up once";

/// Our own tables in the shared file.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    files: Arc<Files>,
}

/// Why work on a table ended early.
#[derive(Debug)]
pub(crate) enum Ended<P> {
    /// For a reason that the port knows.
    Known(P),
    /// What is stored can't be read.
    Unreadable(BoxError),
    /// The store failed.
    Store(Classified),
}

impl<P> From<diesel::result::Error> for Ended<P> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl<P> From<BoxError> for Ended<P> {
    fn from(error: BoxError) -> Self {
        Self::Unreadable(error)
    }
}

impl<P> From<ScopeError> for Ended<P> {
    fn from(error: ScopeError) -> Self {
        Self::Store(error.into())
    }
}

/// What a port has names for.
pub(crate) enum Failure<P> {
    Known(P),
    Unreadable(BoxError),
    Unavailable(BoxError),
    NotSetUp(BoxError),
    Failed(BoxError),
}

impl<P> From<Ended<P>> for Failure<P> {
    fn from(ended: Ended<P>) -> Self {
        let Classified { cause, source } = match ended {
            Ended::Known(error) => return Self::Known(error),
            Ended::Unreadable(source) => return Self::Unreadable(source),
            Ended::Store(error) => error,
        };
        match cause {
            Cause::NoSuchTable => Self::NotSetUp(source),
            Cause::Busy | Cause::Unavailable | Cause::Changed => Self::Unavailable(source),
            Cause::Full
            | Cause::Forbidden
            | Cause::NotADatabase
            | Cause::Transaction
            | Cause::Other => Self::Failed(source),
        }
    }
}

impl Tables {
    pub(crate) fn new(store: &SqliteStore) -> Self {
        let most = SqliteTenantRepository::CONNECTIONS;
        Self {
            files: Arc::new(Files::new(store.clone(), most, most)),
        }
    }

    /// Runs one statement that reads, on a thread that may block.
    pub(crate) async fn read<T: Send + 'static, P: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, Ended<P>> + Send + 'static,
    ) -> Result<T, Failure<P>> {
        self.run(ScopeMode::Session, work).await
    }

    /// Runs work in a transaction that has the file's write lock from its beginning, on a thread that may block.
    pub(crate) async fn write<T: Send + 'static, P: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, Ended<P>> + Send + 'static,
    ) -> Result<T, Failure<P>> {
        self.run(ScopeMode::Transaction, work).await
    }

    async fn run<T: Send + 'static, P: Send + 'static>(
        &self,
        mode: ScopeMode,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, Ended<P>> + Send + 'static,
    ) -> Result<T, Failure<P>> {
        let files = Arc::clone(&self.files);
        let done = blocking::unblock(move || in_transaction(&files, mode, work)).await;
        done.map_err(Failure::from)
    }
}

/// A stored time.
pub(crate) fn time(micros: i64) -> Result<DateTime<Utc>, BoxError> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| format!("{micros} microseconds since 1970 is out of range").into())
}
