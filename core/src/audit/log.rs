use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{
    AuditAction, AuditAnchor, AuditChain, AuditDetail, AuditEntry, AuditError, AuditRecord,
    AuditTarget, AuditVerifier,
};
use crate::ports::{AuditStore, Clock};
use crate::{Actor, PageSize};

/// Records who did what, exports it, and verifies that it is what it was, over the ports that it is given.
///
/// ```
/// # use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditError, AuditLog, AuditTarget};
/// # use tenantry::{Actor, TenantId};
/// # async fn host(log: AuditLog, tenant: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let chain = AuditChain::Tenant(tenant);
/// let action = AuditAction::new("member.removed")?;
/// log.record(chain, Actor::named("user:1")?, action, AuditTarget::new("user:2")?, AuditDetail::default())
///     .await?;
/// let verified = log.verify(chain, &[]).await?;
/// println!("{} entries; keep this elsewhere: {:?}", verified.entries, verified.head);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuditLog {
    store: Arc<dyn AuditStore>,
    clock: Arc<dyn Clock>,
}

/// What [`AuditLog::verify`] read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries.
    pub entries: u64,
    /// The last one's anchor, if there is one: to be kept where whoever can write the log can't.
    pub head: Option<AuditAnchor>,
}

impl AuditLog {
    /// A log over these ports.
    pub fn new(store: Arc<dyn AuditStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Records that something was done now.
    ///
    /// # Errors
    /// Only those of the store. Whoever must not act unrecorded records first.
    pub async fn record(
        &self,
        chain: AuditChain,
        actor: Actor,
        action: AuditAction,
        target: AuditTarget,
        detail: AuditDetail,
    ) -> Result<AuditEntry, AuditError> {
        let record = AuditRecord {
            chain,
            at: self.clock.now(),
            actor,
            action,
            target,
            detail,
        };
        Ok(self.store.append(&record).await?)
    }

    /// The entries after this number, the first ones if it is 0.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditError> {
        Ok(self.store.read(chain, after, size).await?)
    }

    /// The last entry's anchor, if the chain has an entry: its number is how many there are.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditError> {
        Ok(self.store.head(chain).await?)
    }

    /// The same as lines of JSON, each with its line feed: the whole export is one such text after the other, each page going
    /// on after the number of entries so far, until one is empty.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn export(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<String, AuditError> {
        let mut lines = String::new();
        for entry in self.store.read(chain, after, size).await? {
            lines.push_str(&entry.to_line());
            lines.push('\n');
        }
        Ok(lines)
    }

    /// Reads a whole chain. Those of the `anchors` that are this chain's have to be in it.
    ///
    /// # Errors
    /// [`AuditError::Broken`] at the first thing that isn't right.
    ///
    /// # Cost
    /// A round trip for every 500 entries.
    pub async fn verify(
        &self,
        chain: AuditChain,
        anchors: &[AuditAnchor],
    ) -> Result<Verified, AuditError> {
        let mut verifier = anchors
            .iter()
            .fold(AuditVerifier::new(chain), |verifier, anchor| {
                verifier.with_anchor(*anchor)
            });
        loop {
            let after = verifier.last().map_or(0, |last| last.number);
            let page = self.store.read(chain, after, PageSize::LARGEST).await?;
            if page.is_empty() {
                let head = verifier.finish()?;
                let entries = head.map_or(0, |head| head.number);
                return Ok(Verified { entries, head });
            }
            for entry in &page {
                verifier.read(entry)?;
            }
        }
    }
}
