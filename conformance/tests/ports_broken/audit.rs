//! Audit logs.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenantry::audit::{AuditAnchor, AuditChain, AuditEntry, AuditRecord, AuditTarget};
use tenantry::ports::{AuditStore, AuditStoreError};
use tenantry::{Digest, PageSize};
use tenantry_conformance::audit::{AuditHarness, behaviours, catalogue, check};

use crate::{Current, all_can_fail};

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    LosesTargets,
    CountsFromZero,
    HashesSomethingElse,
    BindsNothing,
    HasOneChainForAll,
    ReadsFromTheBeginning,
    HeadsWithTheFirst,
    AppendsWithoutALock,
}

const FAULTS: [Fault; 8] = [
    Fault::LosesTargets,
    Fault::CountsFromZero,
    Fault::HashesSomethingElse,
    Fault::BindsNothing,
    Fault::HasOneChainForAll,
    Fault::ReadsFromTheBeginning,
    Fault::HeadsWithTheFirst,
    Fault::AppendsWithoutALock,
];

static FAULT: Current<Fault> = Current::new();

struct Broken(Arc<Faulty>);

struct Faulty {
    fault: Option<Fault>,
    entries: Mutex<Vec<AuditEntry>>,
}

impl AuditHarness for Broken {
    const ADAPTER: &'static str = "broken";

    fn start() -> Self {
        Self(Arc::new(Faulty {
            fault: FAULT.get(),
            entries: Mutex::default(),
        }))
    }

    fn store(&self) -> Arc<dyn AuditStore> {
        self.0.clone()
    }
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn of(&self, chain: AuditChain) -> Vec<AuditEntry> {
        let entries = self.entries.lock().expect("no panic");
        let wanted =
            |entry: &&AuditEntry| entry.chain == chain || self.has(Fault::HasOneChainForAll);
        entries.iter().filter(wanted).cloned().collect()
    }

    fn entry(&self, record: &AuditRecord, last: Option<&AuditEntry>) -> AuditEntry {
        let mut record = record.clone();
        if self.has(Fault::LosesTargets) {
            record.target = AuditTarget::default();
        }
        let anchor = last.map(AuditEntry::anchor);
        let mut entry = AuditEntry::after(anchor.as_ref(), record);
        match self.fault {
            Some(Fault::CountsFromZero) => entry.number -= 1,
            Some(Fault::BindsNothing) => entry.previous = Digest::ZERO,
            _ => {}
        }
        entry.hash = entry.computed_hash();
        if self.has(Fault::HashesSomethingElse) {
            entry.hash = Digest::of(&[entry.target.as_str().as_bytes()]);
        }
        entry
    }
}

#[async_trait]
impl AuditStore for Faulty {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        if self.has(Fault::AppendsWithoutALock) {
            let entries = self.of(record.chain);
            let last = entries.last().cloned();
            // Long enough for another writer, if there is one.
            let mut patience = 50;
            while patience > 0 && self.of(record.chain).len() == entries.len() {
                std::thread::yield_now();
                patience -= 1;
            }
            let entry = self.entry(record, last.as_ref());
            self.entries.lock().expect("no panic").push(entry.clone());
            return Ok(entry);
        }
        let mut entries = self.entries.lock().expect("no panic");
        let own =
            |entry: &&AuditEntry| entry.chain == record.chain || self.has(Fault::HasOneChainForAll);
        let last = entries.iter().rfind(own).cloned();
        let entry = self.entry(record, last.as_ref());
        entries.push(entry.clone());
        Ok(entry)
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        // A log that began anew for every page would be read for ever.
        let after = match self.fault {
            Some(Fault::ReadsFromTheBeginning) if after > 0 => after - 1,
            _ => after,
        };
        let mut found = self.of(chain);
        found.retain(|entry| entry.number > after);
        found.truncate(usize::from(size.number()));
        Ok(found)
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        let entries = self.of(chain);
        let head = if self.has(Fault::HeadsWithTheFirst) {
            entries.first()
        } else {
            entries.last()
        };
        Ok(head.map(AuditEntry::anchor))
    }
}

#[test]
fn each_behaviour_is_broken_by_a_log_and_each_broken_log_breaks_one() {
    all_can_fail(&FAULT, &FAULTS, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
