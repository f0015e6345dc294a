use std::collections::BTreeMap;
use std::time::Duration;

use tenantry::cache::{Budget, CacheError, CacheOwner, SpentBudget, StoredKey};
use tenantry_conformance::cache::Disturbance;

use crate::fault::Fault;

/// Whose an entry is, and its name after that.
pub(crate) type Name = (String, String);

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    pub(crate) due: Option<Duration>,
}

/// The entries of one world, and what the faults go by.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) fault: Option<Fault>,
    pub(crate) entries: BTreeMap<Name, Entry>,
    pub(crate) generations: BTreeMap<String, u64>,
    pub(crate) changed: BTreeMap<Name, u64>,
    pub(crate) disturbance: Option<Disturbance>,
    pub(crate) now: Duration,
    pub(crate) changes: usize,
    pub(crate) changes_at_scan: usize,
    pub(crate) flushed: BTreeMap<String, u64>,
    pub(crate) expired: BTreeMap<String, u64>,
}

impl Store {
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Splits a stored key, or the beginning of one, after its owner.
    pub(crate) fn name(&self, stored: &str) -> Name {
        let (owner, rest) = stored.split_once("}:").unwrap();
        let mut rest = rest.to_owned();
        if self.has(Fault::KeysHaveNoCase) {
            rest = rest.to_lowercase();
        }
        if self.has(Fault::EscapesAreUndone) {
            rest = rest.replace("%3A", ":").replace("%25", "%");
        }
        if self.has(Fault::OwnersShareKeys) {
            return (String::new(), rest);
        }
        (owner.to_owned(), rest)
    }

    pub(crate) fn forget_expired(&mut self) {
        if self.has(Fault::NothingExpires) || self.has(Fault::ExpiredAreRevived) {
            return;
        }
        let now = self.now;
        let gone: Vec<Name> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.due.is_some_and(|due| due <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.entries.remove(&name);
            *self.expired.entry(name.0).or_default() += 1;
        }
    }

    pub(crate) fn find(&self, key: &StoredKey) -> Option<Entry> {
        let found = self.entries.get(&self.name(key.as_str()))?;
        let expired = found.due.is_some_and(|due| due <= self.now);
        let shown = !expired || self.has(Fault::NothingExpires);
        shown.then(|| found.clone())
    }

    pub(crate) fn put(&mut self, key: &StoredKey, value: &[u8], due: Option<Duration>) {
        self.changes += 1;
        let name = self.name(key.as_str());
        *self.changed.entry(name.clone()).or_default() += 1;
        if self.has(Fault::FirstValueStays) && self.entries.contains_key(&name) {
            return;
        }
        let value = if self.has(Fault::ValuesAreText) {
            String::from_utf8_lossy(value).into_owned().into_bytes()
        } else {
            value.to_vec()
        };
        let due = if self.has(Fault::EverythingExpires) {
            due.or(Some(self.now + Duration::from_millis(100)))
        } else {
            due
        };
        self.entries.insert(name, Entry { value, due });
    }

    pub(crate) fn remove(&mut self, name: &Name) -> bool {
        self.changes += 1;
        *self.changed.entry(name.clone()).or_default() += 1;
        self.entries.remove(name).is_some()
    }

    /// Refuses what the budget has no room for.
    pub(crate) fn admit(
        &self,
        owner: CacheOwner,
        budget: Option<Budget>,
        writes: &[(&StoredKey, usize)],
    ) -> Result<(), CacheError> {
        let Some(budget) = budget.filter(|_| !self.has(Fault::BudgetsAreIgnored)) else {
            return Ok(());
        };
        let Some((first, _)) = writes.first() else {
            return Ok(());
        };
        let bucket = self.name(first.as_str()).0;
        let size = |name: &Name, key_length: usize, value: usize| {
            let _ = name;
            let key = if self.has(Fault::BudgetsCountValuesOnly) {
                0
            } else {
                key_length
            };
            (key + value) as u64
        };
        let mut sizes: BTreeMap<&Name, u64> = self
            .entries
            .iter()
            .filter(|(name, _)| name.0 == bucket || self.has(Fault::BudgetsAreOfAll))
            .map(|(name, entry)| {
                let length = name.0.len() + "}:".len() + name.1.len();
                (name, size(name, length, entry.value.len()))
            })
            .collect();
        let ghosts = |counted: &BTreeMap<String, u64>| counted.get(&bucket).copied().unwrap_or(0);
        let mut ghost_keys = 0;
        if self.has(Fault::FlushesKeepTheBudget) {
            ghost_keys += ghosts(&self.flushed);
        }
        if self.has(Fault::BudgetsCountWhatExpired) {
            ghost_keys += ghosts(&self.expired);
        }
        let tally = |sizes: &BTreeMap<&Name, u64>| {
            (sizes.len() as u64 + ghost_keys, sizes.values().sum::<u64>())
        };
        let before = tally(&sizes);
        let names: Vec<(Name, u64)> = writes
            .iter()
            .map(|(key, value)| {
                let name = self.name(key.as_str());
                let size = size(&name, key.as_str().len(), *value);
                (name, size)
            })
            .collect();
        for (name, size) in &names {
            sizes.insert(name, *size);
        }
        let after = tally(&sizes);
        let grows = |before, after| after > before || self.has(Fault::SpentBudgetsRefuseAll);
        let spent = if budget.keys.is_some_and(|keys| after.0 > keys) && grows(before.0, after.0) {
            SpentBudget::Keys(budget.keys.unwrap())
        } else if budget.bytes.is_some_and(|bytes| after.1 > bytes) && grows(before.1, after.1) {
            SpentBudget::Bytes(budget.bytes.unwrap())
        } else {
            return Ok(());
        };
        Err(CacheError::BudgetSpent { owner, spent })
    }
}
