use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use tenantry::cache::{
    CacheError, Expiry, Generation, KeyPattern, KeySpace, Remaining, ScanCursor, ScanPage,
    ScanStep, StoredKey, Swap, Usage, WriteOptions,
};
use tenantry::ports::Cache;
use tenantry_conformance::cache::Disturbance;

use crate::fault::Fault;
use crate::store::{Entry, Name, Store};

/// A plain cache with one fault, or none.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) store: Arc<Mutex<Store>>,
    fault: Option<Fault>,
}

impl Faulty {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let store = Store {
            fault,
            ..Store::default()
        };
        Self {
            store: Arc::new(Mutex::new(store)),
            fault,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The store, if it can be reached.
    fn reach(&self) -> Result<MutexGuard<'_, Store>, CacheError> {
        let mut store = self.lock();
        let source = || "on purpose".into();
        let waited = Duration::ZERO;
        match store.disturbance {
            Some(Disturbance::Away) if self.has(Fault::AwayIsAFailure) => {
                Err(CacheError::Failed { source: source() })
            }
            Some(Disturbance::Away) => Err(CacheError::Unavailable { source: source() }),
            Some(Disturbance::Silent) => Err(CacheError::TimedOut { waited }),
            _ => {
                store.forget_expired();
                Ok(store)
            }
        }
    }

    /// What is read while the store can't be: nothing, for those who take that for absence.
    fn nothing_found(&self) -> bool {
        match self.lock().disturbance {
            Some(Disturbance::Away) => self.has(Fault::AwayIsAbsence),
            Some(Disturbance::Silent) => self.has(Fault::SilenceIsAbsence),
            _ => false,
        }
    }

    /// Lets others in between a read and a write, if that is the fault.
    fn between<'a>(&'a self, fault: Fault, store: MutexGuard<'a, Store>) -> MutexGuard<'a, Store> {
        if !self.has(fault) {
            return store;
        }
        drop(store);
        thread::yield_now();
        self.lock()
    }

    fn write(
        &self,
        store: &mut Store,
        key: &StoredKey,
        value: &[u8],
        due: Option<Duration>,
    ) -> Result<(), CacheError> {
        if store.disturbance == Some(Disturbance::Full) {
            let source = "on purpose".into();
            let forgets = self.has(Fault::FullStoresForget);
            return forgets.then_some(()).ok_or(CacheError::Full { source });
        }
        store.put(key, value, due);
        Ok(())
    }

    fn admit(
        &self,
        store: &Store,
        key: &StoredKey,
        length: usize,
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        if self.has(Fault::OnlySetKeepsToBudgets) {
            return Ok(());
        }
        store.admit(key.owner(), options.budget, &[(key, length)])
    }
}

fn due(store: &Store, expiry: Option<Expiry>) -> Option<Duration> {
    expiry.map(|expiry| store.now + expiry.as_duration())
}

#[async_trait]
impl Cache for Faulty {
    async fn get(&self, key: &StoredKey) -> Result<Option<Vec<u8>>, CacheError> {
        if self.nothing_found() {
            return Ok(None);
        }
        let found = self.reach()?.find(key).map(|entry| entry.value);
        let empty = self.has(Fault::AbsentReadsEmpty);
        Ok(found.or_else(|| empty.then(Vec::new)))
    }

    async fn set(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let store = self.reach()?;
        store.admit(key.owner(), options.budget, &[(key, value.len())])?;
        let mut store = self.between(Fault::BudgetsRace, store);
        let mut new = due(&store, options.expiry);
        if self.has(Fault::SettingKeepsTheExpiry) {
            new = new.or_else(|| store.find(key)?.due);
        }
        self.write(&mut store, key, value, new)
    }

    async fn delete(&self, key: &StoredKey) -> Result<bool, CacheError> {
        let mut store = self.reach()?;
        let name = store.name(key.as_str());
        Ok(store.remove(&name) || self.has(Fault::DeletingAlwaysFinds))
    }

    async fn exists(&self, key: &StoredKey) -> Result<bool, CacheError> {
        Ok(self.reach()?.find(key).is_some())
    }

    async fn remaining(&self, key: &StoredKey) -> Result<Remaining, CacheError> {
        let store = self.reach()?;
        let mut now = store.now;
        if self.has(Fault::RemainingTimeStandsStill) {
            now = Duration::ZERO;
        }
        Ok(match store.find(key) {
            None => Remaining::Absent,
            Some(Entry { due: None, .. }) => Remaining::Forever,
            Some(Entry { due: Some(due), .. }) => Remaining::Expires(due.saturating_sub(now)),
        })
    }

    async fn set_expiry(
        &self,
        key: &StoredKey,
        expiry: Option<Expiry>,
    ) -> Result<bool, CacheError> {
        let mut store = self.reach()?;
        let new = due(&store, expiry);
        if store.find(key).is_none() && !self.has(Fault::ExpiredAreRevived) {
            return Ok(false);
        }
        if self.has(Fault::ExpiriesStayAsTheyWere) {
            return Ok(true);
        }
        let name = store.name(key.as_str());
        match store.entries.get_mut(&name) {
            Some(entry) => {
                entry.due = new;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn get_many(&self, keys: &[StoredKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        let store = self.reach()?;
        let mut found: Vec<_> = keys
            .iter()
            .map(|key| store.find(key).map(|entry| entry.value))
            .collect();
        if self.has(Fault::ManyValuesAreThoseFound) {
            found.sort_by_key(Option::is_none);
        }
        Ok(found)
    }

    async fn set_many(
        &self,
        entries: &[(StoredKey, Vec<u8>)],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let mut store = self.reach()?;
        let Some((first, _)) = entries.first() else {
            return Ok(());
        };
        let writes: Vec<_> = entries
            .iter()
            .map(|(key, value)| (key, value.len()))
            .collect();
        if !self.has(Fault::OnlySetKeepsToBudgets) && !self.has(Fault::ManyAreWrittenUntilSpent) {
            store.admit(first.owner(), options.budget, &writes)?;
        }
        let new = due(&store, options.expiry).filter(|_| !self.has(Fault::ManyIgnoreTheExpiry));
        let mut ordered: Vec<_> = entries.iter().collect();
        if self.has(Fault::FirstOfManyCounts) {
            ordered.reverse();
        }
        for (key, value) in ordered {
            if self.has(Fault::ManyAreWrittenUntilSpent) {
                self.admit(&store, key, value.len(), options)?;
            }
            self.write(&mut store, key, value, new)?;
            store = self.between(Fault::ManyAreWrittenOneByOne, store);
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[StoredKey]) -> Result<u64, CacheError> {
        let mut store = self.reach()?;
        let mut gone = 0;
        for key in keys {
            let name = store.name(key.as_str());
            gone += u64::from(store.remove(&name));
            if self.has(Fault::DeletingManyFlushes) {
                store.entries.retain(|other, _| other.0 != name.0);
            }
        }
        if self.has(Fault::ManyDeletionsAreMiscounted) {
            return Ok(keys.len() as u64);
        }
        Ok(gone)
    }

    async fn increment(
        &self,
        key: &StoredKey,
        by: i64,
        options: WriteOptions,
    ) -> Result<i64, CacheError> {
        let store = self.reach()?;
        let found = store.find(key);
        let mut store = self.between(Fault::CountersRace, store);
        let text = found
            .as_ref()
            .map(|entry| String::from_utf8_lossy(&entry.value).into_owned());
        let number = match text.as_deref() {
            None => 0,
            Some(text) => match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => number,
                _ if self.has(Fault::AnythingIsANumber) => 0,
                _ => return Err(CacheError::NotANumber { key: key.clone() }),
            },
        };
        let by = if self.has(Fault::DecrementsAdd) {
            by.saturating_abs()
        } else {
            by
        };
        let wraps = self.has(Fault::CountersWrap);
        let sum = number
            .checked_add(by)
            .or_else(|| wraps.then(|| number.wrapping_add(by)))
            .ok_or_else(|| CacheError::Overflow { key: key.clone() })?;
        let new = match found {
            Some(entry) if !self.has(Fault::CountingDropsTheExpiry) => entry.due,
            _ => due(&store, options.expiry),
        };
        let value = sum.to_string().into_bytes();
        self.admit(&store, key, value.len(), options)?;
        self.write(&mut store, key, &value, new)?;
        Ok(sum)
    }

    async fn set_if_absent(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<bool, CacheError> {
        let store = self.reach()?;
        let absent = store.find(key).is_none() || self.has(Fault::SetIfAbsentOverwrites);
        let mut store = self.between(Fault::SetIfAbsentRaces, store);
        if !absent {
            return Ok(false);
        }
        self.admit(&store, key, value.len(), options)?;
        let new = due(&store, options.expiry);
        self.write(&mut store, key, value, new)?;
        Ok(true)
    }

    async fn compare_and_swap(
        &self,
        key: &StoredKey,
        expected: &[u8],
        new: &[u8],
        options: WriteOptions,
    ) -> Result<Swap, CacheError> {
        let store = self.reach()?;
        let found = store.find(key);
        let mut store = self.between(Fault::SwapRaces, store);
        let Some(entry) = found else {
            return Ok(Swap::Absent);
        };
        if entry.value != expected && !self.has(Fault::SwapIgnoresTheExpected) {
            return Ok(Swap::Different);
        }
        self.admit(&store, key, new.len(), options)?;
        let due = entry.due.filter(|_| !self.has(Fault::SwapDropsTheExpiry));
        self.write(&mut store, key, new, due)?;
        Ok(Swap::Swapped)
    }

    async fn scan(
        &self,
        space: &KeySpace,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError> {
        let mut store = self.reach()?;
        let start = store.name(space.prefix());
        let owner = space.prefix().split_once("}:").unwrap().0;
        let last = from.as_ref().map(ScanCursor::as_str);
        let unbounded = self.has(Fault::StepsAreUnbounded);
        let step = if unbounded {
            usize::MAX
        } else {
            step.entries().into()
        };
        let rest: Vec<&Name> = store
            .entries
            .keys()
            .filter(|name| name.0 == start.0 && name.1.starts_with(&start.1))
            .filter(|name| last.is_none_or(|last| name.1.as_str() > last))
            .collect();
        let page = &rest[..rest.len().min(step)];
        let more = rest.len() > page.len() && !self.has(Fault::ScansEndEarly);
        let next = page
            .last()
            .filter(|_| more)
            .map(|name| ScanCursor::new(&*name.1));
        let meant = if self.has(Fault::DotsMatchAnything) {
            KeyPattern::new(pattern.as_str().replace('.', "?")).unwrap()
        } else {
            pattern.clone()
        };
        let mut keys: Vec<_> = page
            .iter()
            .filter_map(|name| space.find(&meant, &format!("{owner}}}:{}", name.1)))
            .filter(|key| !(self.has(Fault::StarsAreSkipped) && key.as_str().contains('*')))
            .collect();
        if self.has(Fault::ChangesUpsetScans) && store.changes != store.changes_at_scan {
            keys.pop();
        }
        store.changes_at_scan = store.changes;
        Ok(ScanPage { keys, next })
    }

    async fn usage(&self, space: &KeySpace) -> Result<Usage, CacheError> {
        let store = self.reach()?;
        let start = store.name(space.prefix());
        let all = self.has(Fault::UsageIsOfEverybody);
        let counted = store
            .entries
            .iter()
            .filter(|(name, _)| all || (name.0 == start.0 && name.1.starts_with(&start.1)));
        Ok(counted.fold(Usage::default(), |usage, (name, entry)| {
            let length = name.0.len() + "}:".len() + name.1.len() + entry.value.len();
            Usage {
                keys: usage.keys + 1,
                bytes: usage.bytes + length as u64,
            }
        }))
    }

    async fn flush(&self, space: &KeySpace) -> Result<u64, CacheError> {
        let mut store = self.reach()?;
        let (bucket, mut rest) = store.name(space.prefix());
        let outermost = rest.is_empty();
        if outermost || !self.has(Fault::NamespacesHaveNoGenerations) {
            *store
                .generations
                .entry(self.owner_of(space.prefix()))
                .or_default() += 1;
        }
        if self.has(Fault::FlushIgnoresNamespaces) {
            rest.clear();
        }
        let all = self.has(Fault::FlushReachesEverybody);
        let most = if self.has(Fault::FlushIsOneStep) {
            500
        } else {
            usize::MAX
        };
        let gone: Vec<Name> = store
            .entries
            .keys()
            .filter(|name| all || (name.0 == bucket && name.1.starts_with(&rest)))
            .take(most)
            .cloned()
            .collect();
        for name in &gone {
            store.remove(name);
        }
        *store.flushed.entry(bucket).or_default() += gone.len() as u64;
        Ok(gone.len() as u64)
    }

    async fn generation(&self, key: &StoredKey) -> Result<Generation, CacheError> {
        if self.nothing_found() {
            return Ok(Generation::new("0"));
        }
        let store = self.reach()?;
        Ok(self.current(&store, key))
    }

    async fn set_if_current(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
        generation: &Generation,
    ) -> Result<bool, CacheError> {
        if self.nothing_found() {
            return Ok(true);
        }
        let mut store = self.reach()?;
        let ignored = self.has(Fault::GenerationsAreIgnored);
        if self.current(&store, key) != *generation && !ignored {
            return Ok(false);
        }
        self.admit(&store, key, value.len(), options)?;
        if !self.has(Fault::CurrentValuesAreLost) {
            let new = due(&store, options.expiry);
            self.write(&mut store, key, value, new)?;
        }
        Ok(true)
    }
}

impl Faulty {
    fn owner_of(&self, stored: &str) -> String {
        if self.has(Fault::GenerationsAreOfAll) {
            return String::new();
        }
        stored.split_once("}:").unwrap().0.to_owned()
    }

    fn current(&self, store: &Store, key: &StoredKey) -> Generation {
        let owner = self.owner_of(key.as_str());
        let flushes = store.generations.get(&owner).copied().unwrap_or(0);
        let changes = store.changed.get(&store.name(key.as_str())).copied();
        let changes = changes.filter(|_| !self.has(Fault::ChangesKeepTheGeneration));
        Generation::new(format!("{flushes}.{}", changes.unwrap_or(0)))
    }
}
