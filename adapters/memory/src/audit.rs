use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tenantry::PageSize;
use tenantry::audit::{AuditAnchor, AuditChain, AuditEntry, AuditRecord};
use tenantry::ports::{AuditStore, AuditStoreError};

/// The audit log, in lists: the plainly right one. Nothing outlives the process.
#[derive(Debug, Default)]
pub struct MemoryAuditStore(Mutex<BTreeMap<AuditChain, Vec<AuditEntry>>>);

impl MemoryAuditStore {
    /// A log without entries.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl AuditStore for MemoryAuditStore {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        let mut chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = chains.entry(record.chain).or_default();
        let last = entries.last().map(AuditEntry::anchor);
        let entry = AuditEntry::after(last.as_ref(), record.clone());
        entries.push(entry.clone());
        Ok(entry)
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        let chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = chains.get(&chain).into_iter().flatten();
        Ok(entries
            .filter(|entry| entry.number > after)
            .take(usize::from(size.number()))
            .cloned()
            .collect())
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        let chains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = chains.get(&chain).and_then(|entries| entries.last());
        Ok(last.map(AuditEntry::anchor))
    }
}
