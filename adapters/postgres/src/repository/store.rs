use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::query_dsl::LoadQuery;
use diesel::result::Error;
use parking_lot::Mutex;
use tenantry::ports::ScopeError;

use super::statement::Statement;
use crate::schemas::Trouble;
use crate::{ConnectError, PostgresConfig, TenantPool};

/// What the records are reached by.
#[derive(Clone)]
pub(crate) enum Store {
    /// One connection that is kept, on which calls take turns.
    Own(Arc<Own>),
    /// The shared scope of a pool.
    Pool(TenantPool),
}

pub(crate) struct Own {
    config: PostgresConfig,
    lock_timeout: Duration,
    kept: Mutex<Option<PgConnection>>,
}

/// Why a statement gave nothing.
pub(crate) enum StoreError {
    Connect(ConnectError),
    Scope(ScopeError),
    Statement(Error),
}

impl From<ScopeError> for StoreError {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

impl Store {
    pub(crate) fn own(config: PostgresConfig, lock_timeout: Duration) -> Self {
        Self::Own(Arc::new(Own {
            config,
            lock_timeout,
            kept: Mutex::new(None),
        }))
    }

    /// Runs one statement, on a thread that may block.
    pub(crate) async fn load<R>(&self, statement: Statement) -> Result<Vec<R>, StoreError>
    where
        R: Send + 'static,
        Statement: for<'q> LoadQuery<'q, PgConnection, R>
            + for<'q> LoadQuery<'q, crate::SharedConnection, R>,
    {
        match self {
            Self::Own(own) => {
                let own = Arc::clone(own);
                blocking::unblock(move || own.load(statement)).await
            }
            Self::Pool(pool) => {
                pool.shared_async(move |connection| {
                    statement.load(connection).map_err(StoreError::Statement)
                })
                .await
            }
        }
    }
}

impl Own {
    fn load<R>(&self, statement: Statement) -> Result<Vec<R>, StoreError>
    where
        Statement: for<'q> LoadQuery<'q, PgConnection, R>,
    {
        let mut kept = self.kept.lock();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self
                .config
                .connect_administrative(self.lock_timeout)
                .map_err(StoreError::Connect)?,
        };
        let outcome = statement.load(&mut connection);
        // Any other error came from a single statement, which left nothing behind.
        if !outcome
            .as_ref()
            .is_err_and(|error| Trouble::of(error) == Trouble::Unavailable)
        {
            *kept = Some(connection);
        }
        outcome.map_err(StoreError::Statement)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(own) => own.config.fmt(f),
            Self::Pool(_) => f.write_str("the shared scope of a pool"),
        }
    }
}
