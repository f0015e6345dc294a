use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tenantry::PageSize;
use tenantry::audit::{AuditAnchor, AuditChain, AuditEntry, AuditRecord};
use tenantry::ports::{AuditStore, AuditStoreError};

/// A log that can be made to take nothing more, and is read all the same: for tests of what has to be recorded.
///
/// ```
/// # use futures_lite::future::block_on;
/// # use tenantry::Actor;
/// # use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditRecord, AuditTarget};
/// # use tenantry::ports::AuditStore;
/// use tenantry_conformance::audit::ClosableLog;
/// use tenantry_memory::MemoryAuditStore;
///
/// # let record = AuditRecord {
/// #     chain: AuditChain::Shared, at: chrono::DateTime::UNIX_EPOCH, actor: Actor::system(),
/// #     action: AuditAction::new("job.cancel")?, target: AuditTarget::default(), detail: AuditDetail::default(),
/// # };
/// let log = ClosableLog::over(MemoryAuditStore::new());
/// assert!(block_on(log.append(&record)).is_ok());
/// log.close(true);
/// assert!(block_on(log.append(&record)).is_err());
/// # Ok::<(), tenantry::BoxError>(())
/// ```
#[derive(Debug, Default)]
pub struct ClosableLog<S> {
    log: S,
    closed: AtomicBool,
}

impl<S: AuditStore> ClosableLog<S> {
    /// A log over this one, open.
    pub fn over(log: S) -> Self {
        Self {
            log,
            closed: AtomicBool::new(false),
        }
    }

    /// From now on it takes nothing, or takes entries again.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }
}

#[async_trait]
impl<S: AuditStore> AuditStore for ClosableLog<S> {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        if self.closed.load(Ordering::SeqCst) {
            let source = "closed".into();
            return Err(AuditStoreError::Unavailable { source });
        }
        self.log.append(record).await
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        self.log.read(chain, after, size).await
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        self.log.head(chain).await
    }
}
