use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenantry::{BoxError, TenantId};

use super::{OperationId, OperationRecord};

/// Where operations are recorded, so that they can be asked about after they ended, in other processes, and after a restart.
///
/// # Contract
/// - Every method is atomic. What was saved, every later call of any process that shares the store sees.
/// - A record holds what a request would have been answered, settings of tenants included: what it is written to has to be
///   as safe as the tenants' records.
/// - It may forget operations that ended, the oldest first.
///
/// An operation's process saves its record anew every 15 seconds. One that says that it runs, and wasn't saved for a minute,
/// is shown as interrupted: its process has ended. Nothing takes it up again; the same request does, where it left off.
/// The clocks of processes that share a store have to agree to some seconds.
#[async_trait]
pub trait OperationStore: Send + Sync {
    /// Keeps a record, in the place of the one with that id.
    ///
    /// # Errors
    /// If it can't be kept. An operation whose first record isn't kept doesn't begin.
    async fn save(&self, record: &OperationRecord) -> Result<(), BoxError>;

    /// The record of that id.
    ///
    /// # Errors
    /// If it can't be told.
    async fn find(&self, id: OperationId) -> Result<Option<OperationRecord>, BoxError>;

    /// The operations that began last, the last one first, at most `limit`; of these tenants alone, if they are given.
    ///
    /// # Errors
    /// If it can't be told.
    async fn latest(
        &self,
        tenants: Option<&BTreeSet<TenantId>>,
        limit: u16,
    ) -> Result<Vec<OperationRecord>, BoxError>;
}

/// Operations in this process's memory: the last 1,000. A restart forgets them.
#[derive(Debug, Default)]
pub struct MemoryOperations {
    records: Mutex<BTreeMap<OperationId, OperationRecord>>,
}

impl MemoryOperations {
    /// How many operations are kept. Those that run are kept beyond that.
    pub const MOST: usize = 1_000;

    /// A store that is empty.
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<OperationId, OperationRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl OperationStore for MemoryOperations {
    async fn save(&self, record: &OperationRecord) -> Result<(), BoxError> {
        let mut records = self.records();
        records.insert(record.id, record.clone());
        while records.len() > Self::MOST {
            let mut ended = records.values().filter(|record| record.has_ended());
            let Some(oldest) = ended.next().map(|record| record.id) else {
                break;
            };
            records.remove(&oldest);
        }
        Ok(())
    }

    async fn find(&self, id: OperationId) -> Result<Option<OperationRecord>, BoxError> {
        Ok(self.records().get(&id).cloned())
    }

    async fn latest(
        &self,
        tenants: Option<&BTreeSet<TenantId>>,
        limit: u16,
    ) -> Result<Vec<OperationRecord>, BoxError> {
        let is_wanted = |record: &&OperationRecord| match (tenants, record.tenant) {
            (None, _) => true,
            (Some(tenants), Some(tenant)) => tenants.contains(&tenant),
            (Some(_), None) => false,
        };
        let records = self.records();
        let wanted = records.values().rev().filter(is_wanted);
        Ok(wanted.take(usize::from(limit)).cloned().collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;
    use serde_json::Value;
    use tenantry::Actor;

    use super::*;
    use crate::operations::{OperationKind, OperationState};

    /// A record that says that it runs.
    pub(in crate::operations) fn record(number: u128) -> OperationRecord {
        let id = format!("{number:032x}");
        OperationRecord {
            id: id.parse().expect("an id"),
            kind: OperationKind::ProvisionTenant,
            tenant: None,
            actor: Actor::system(),
            state: OperationState::Running,
            revision: 1,
            progress: crate::operations::OperationProgress::default(),
            begun_at: DateTime::UNIX_EPOCH,
            seen_at: DateTime::UNIX_EPOCH,
            ended_at: None,
            result: None,
            problem: None,
        }
    }

    #[tokio::test]
    async fn the_oldest_that_ended_go_first_and_what_runs_stays() {
        let store = MemoryOperations::new();
        let most = MemoryOperations::MOST as u128;
        for number in 0..=most {
            let mut record = record(number);
            if number > 0 {
                record.end(Ok(Value::Null), DateTime::UNIX_EPOCH);
            }
            store.save(&record).await.expect("it is memory");
        }
        let found = async |number| {
            let id = record(number).id;
            store.find(id).await.expect("it is memory").is_some()
        };
        assert!(found(0).await, "it runs");
        assert!(!found(1).await, "it was the oldest that ended");
        assert!(found(2).await && found(most).await);
        let latest = store.latest(None, 2).await.expect("it is memory");
        let expected = [record(most).id, record(most - 1).id];
        assert_eq!(latest.iter().map(|it| it.id).collect::<Vec<_>>(), expected);
    }
}
