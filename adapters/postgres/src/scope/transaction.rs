use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use tenantry::TenantContext;
use tenantry::ports::{ScopeError, ScopeMode};

use super::future::ScopeFuture;
use super::occupied::{Loan, Occupied};
use super::proof::{self, Place};
use crate::connection::link::Link;
use crate::pool::{Lent, TenantPool};
use crate::{SharedConnection, TenantConnection};

impl TenantPool {
    /// Runs `work` inside the tenant of `context`, in one transaction: committed when it returns `Ok`, rolled back
    /// otherwise. A `transaction` of Diesel's inside it is a savepoint.
    ///
    /// Entering proves, in the trip that begins the transaction, that the schema is there, is this tenant's, and may be
    /// used. A panic in `work` rolls back and closes the connection.
    ///
    /// # Errors
    /// What `work` returned, or a [`ScopeError`] by way of `E`. Unless it is `Ok`, nothing has changed, with two
    /// exceptions: after [`ScopeError::TransactionEnded`] whatever `work` committed by itself stays; and if the
    /// connection is lost while the commit is under way, [`ScopeError::Unavailable`] doesn't say whether it was done.
    ///
    /// # Cost
    /// One round trip on entering and one on leaving. Cleaning is done on the pool's time.
    pub fn tenant<T, E>(
        &self,
        context: &TenantContext,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.tenant_unless(None, context, work)
    }

    /// Runs `work` in the shared schema, in one transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// What `work` returned, or a [`ScopeError`] by way of `E`. Unless it is `Ok`, nothing has changed.
    ///
    /// # Cost
    /// As [`tenant`](Self::tenant).
    pub fn shared<T, E>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.shared_unless(None, work)
    }

    /// [`tenant`](Self::tenant) on a blocking thread, for any async runtime.
    ///
    /// A future that is dropped before its work is committed has it rolled back, or never begun; the connection is
    /// cleaned in any case. Work that is running when the future is dropped runs to its end first.
    ///
    /// # Panics
    /// Awaiting it panics if `work` did.
    pub fn tenant_async<T, E, F>(&self, context: TenantContext, work: F) -> ScopeFuture<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
        F: FnOnce(&mut TenantConnection) -> Result<T, E> + Send + 'static,
    {
        let pool = self.clone();
        ScopeFuture::new(move |dropped| pool.tenant_unless(Some(dropped), &context, work))
    }

    /// [`shared`](Self::shared) on a blocking thread, for any async runtime. Dropped as
    /// [`tenant_async`](Self::tenant_async).
    ///
    /// # Panics
    /// Awaiting it panics if `work` did.
    pub fn shared_async<T, E, F>(&self, work: F) -> ScopeFuture<T, E>
    where
        T: Send + 'static,
        E: From<ScopeError> + Send + 'static,
        F: FnOnce(&mut SharedConnection) -> Result<T, E> + Send + 'static,
    {
        let pool = self.clone();
        ScopeFuture::new(move |dropped| pool.shared_unless(Some(dropped), work))
    }

    fn tenant_unless<T, E>(
        &self,
        dropped: Option<&AtomicBool>,
        context: &TenantContext,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let schema = context.schema();
        let loan_of = |lent| TenantConnection::new(lent, schema);
        self.run(dropped, Place::Tenant(schema), loan_of, work)
    }

    fn shared_unless<T, E>(
        &self,
        dropped: Option<&AtomicBool>,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let place = Place::Shared(self.settings().shared_schema.clone());
        self.run(dropped, place, SharedConnection::new, work)
    }

    fn run<C: Loan, T, E>(
        &self,
        dropped: Option<&AtomicBool>,
        place: Place,
        loan_of: impl FnOnce(Lent) -> C,
        work: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let is_dropped = || dropped.is_some_and(|flag| flag.load(Ordering::Acquire));
        let mut scope = Occupied::enter(self.core(), place, ScopeMode::Transaction, loan_of)
            .map_err(E::from)?;
        if is_dropped() {
            roll_back(scope.link());
            scope.give_back();
            return Err(ScopeError::Cancelled.into());
        }
        let result = work(scope.connection());
        let result = match result {
            Ok(_) if is_dropped() => Err(ScopeError::Cancelled.into()),
            Ok(value) => match commit(&mut scope) {
                Ok(()) => {
                    scope.give_back();
                    return Ok(value);
                }
                Err(error) => Err(E::from(error)),
            },
            Err(error) => Err(error),
        };
        roll_back(scope.link());
        let explanation = scope.explanation();
        scope.give_back();
        explanation.map_or(result, |explanation| Err(explanation.into()))
    }
}

/// Commits in the trip that finds out whether the transaction is still the scope's.
fn commit<C: Loan>(scope: &mut Occupied<C>) -> Result<(), ScopeError> {
    let marker = scope.marker();
    let same = scope.is_the_same();
    let link = scope.link();
    if !same || !is_in_transaction(link) {
        return Err(ScopeError::TransactionEnded);
    }
    let check = proof::still_ours(marker);
    let batch = if link.direct {
        format!("{check}; COMMIT")
    } else {
        format!(
            "SET CONSTRAINTS ALL IMMEDIATE; {check}; {}; COMMIT",
            proof::CLEAR_POOLED
        )
    };
    let committed = link.connection.batch_execute(&batch);
    link.observe(committed).map_err(proof::scope_error)
}

/// What can't be rolled back is closed instead.
fn roll_back(link: &mut Link) {
    let rolled_back = if !link.direct {
        let batch = format!("ROLLBACK; {}", proof::CLEAR_POOLED);
        link.connection.batch_execute(&batch)
    } else if is_in_transaction(link) {
        link.connection.batch_execute("ROLLBACK")
    } else {
        // The cleaner ends what the work began by itself.
        Ok(())
    };
    if rolled_back.is_err() {
        link.broken = true;
    }
}

fn is_in_transaction(link: &mut Link) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(&mut link.connection);
    matches!(status.transaction_depth(), Ok(Some(_)))
}
