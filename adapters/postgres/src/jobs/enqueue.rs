use diesel::prelude::*;
use tenantry::TenantId;
use tenantry::jobs::{JobEnvelope, JobScope};
use tenantry::ports::{Enqueued, JobQueueError};

use self::sealed::Caller;
use super::PostgresJobQueue;
use super::queue::{ENQUEUE_ATTEMPTS, already_there, contended, statement_failed};
use super::row::{Changed, Found};
use crate::repository::statement::Statement;
use crate::{SharedConnection, TenantConnection};

/// A connection that a job can be put in on: one of a scope.
///
/// It is implemented by [`TenantConnection`] and [`SharedConnection`], and can't be by others.
pub trait JobConnection: sealed::Sealed {}

impl JobConnection for TenantConnection {}
impl JobConnection for SharedConnection {}

mod sealed {
    use crate::{SharedConnection, TenantConnection};

    pub trait Sealed {
        fn caller(&mut self) -> Caller<'_>;
    }

    #[derive(Debug)]
    pub enum Caller<'c> {
        Tenant(&'c mut TenantConnection),
        Shared(&'c mut SharedConnection),
    }
}

impl sealed::Sealed for TenantConnection {
    fn caller(&mut self) -> Caller<'_> {
        Caller::Tenant(self)
    }
}

impl sealed::Sealed for SharedConnection {
    fn caller(&mut self) -> Caller<'_> {
        Caller::Shared(self)
    }
}

impl Caller<'_> {
    /// The tenant that the connection is inside.
    fn inside(&self) -> Option<TenantId> {
        match self {
            Self::Tenant(connection) => Some(connection.schema().tenant),
            Self::Shared(_) => None,
        }
    }

    fn changed(&mut self, statement: Statement) -> Result<bool, JobQueueError> {
        let rows: QueryResult<Vec<Changed>> = match self {
            Self::Tenant(connection) => statement.load(*connection),
            Self::Shared(connection) => statement.load(*connection),
        };
        Ok(rows
            .map_err(statement_failed)?
            .iter()
            .any(|row| row.changed > 0))
    }

    fn found(&mut self, statement: Statement) -> Result<Vec<Found>, JobQueueError> {
        let rows = match self {
            Self::Tenant(connection) => statement.load(*connection),
            Self::Shared(connection) => statement.load(*connection),
        };
        rows.map_err(statement_failed)
    }
}

impl PostgresJobQueue {
    /// Puts a job in on the caller's connection: it exists if and only if the caller's transaction commits, and nobody
    /// is handed it before.
    ///
    /// Inside a tenant, only that tenant's jobs can be put in, and those that are shared on purpose. Two transactions
    /// that put jobs in don't wait for each other's rows, except for a unique key that both use. But their commits go one
    /// after the other, also through a wait for a replica, as all commits of PostgreSQL do that notify; and a transaction
    /// that notified can't be prepared for a two-phase commit.
    ///
    /// # Errors
    /// [`JobQueueError::AnotherTenants`] before any statement; [`JobQueueError::IdTaken`] if a job of another scope has the
    /// id. After any other error the transaction can't go on, as
    /// after every failed statement in PostgreSQL.
    ///
    /// # Cost
    /// One round trip; one more if the job is there already.
    pub fn enqueue<C: JobConnection>(
        &self,
        connection: &mut C,
        job: &JobEnvelope,
    ) -> Result<Enqueued, JobQueueError> {
        let mut caller = connection.caller();
        if let (Some(inside), JobScope::Tenant(tenant)) = (caller.inside(), job.scope())
            && inside != tenant
        {
            return Err(JobQueueError::AnotherTenants { inside, tenant });
        }
        for _ in 0..ENQUEUE_ATTEMPTS {
            if caller.changed(self.sql.enqueue(job, self.now()))? {
                return Ok(Enqueued::New);
            }
            if let Some(found) = caller.found(self.sql.holder(job))?.first() {
                return already_there(found, job);
            }
        }
        Err(contended())
    }
}
