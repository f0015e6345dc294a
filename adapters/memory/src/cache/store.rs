use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use tenantry::cache::{
    Budget, CacheError, CacheOwner, Expiry, Remaining, SpentBudget, StoredKey, Usage,
};

/// All entries, by stored key. Whoever holds it has called [`forget_expired`](Self::forget_expired) before.
pub(super) struct Store {
    entries: BTreeMap<String, Entry>,
    due: BTreeSet<(DateTime<Utc>, String)>,
    used: BTreeMap<u64, String>,
    tallies: BTreeMap<CacheOwner, Tally>,
    capacity: u64,
    bytes: u64,
    /// Numbers uses and generations, each of which is its own.
    last_number: u64,
    now: DateTime<Utc>,
}

struct Entry {
    owner: CacheOwner,
    value: Vec<u8>,
    due: Option<DateTime<Utc>>,
    use_number: u64,
}

struct Tally {
    usage: Usage,
    /// One for each stripe of the entries: few enough to keep for good, many enough that they seldom meet.
    generations: [u64; STRIPES],
}

const STRIPES: usize = 64;

impl Default for Tally {
    fn default() -> Self {
        Self {
            usage: Usage::default(),
            generations: [0; STRIPES],
        }
    }
}

impl Store {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            used: BTreeMap::new(),
            tallies: BTreeMap::new(),
            capacity,
            bytes: 0,
            last_number: 0,
            now: DateTime::UNIX_EPOCH,
        }
    }

    pub(super) fn forget_expired(&mut self, now: DateTime<Utc>) {
        self.now = self.now.max(now);
        while let Some((due, key)) = self.due.first()
            && *due <= self.now
        {
            let key = key.clone();
            self.remove(&key);
        }
    }

    pub(super) fn read(&mut self, key: &StoredKey) -> Option<&Vec<u8>> {
        let number = self.next_number();
        let entry = self.entries.get_mut(key.as_str())?;
        self.used.remove(&entry.use_number);
        self.used.insert(number, key.as_str().to_owned());
        entry.use_number = number;
        Some(&entry.value)
    }

    pub(super) fn contains(&self, key: &StoredKey) -> bool {
        self.entries.contains_key(key.as_str())
    }

    pub(super) fn due(&self, key: &StoredKey) -> Option<DateTime<Utc>> {
        self.entries.get(key.as_str())?.due
    }

    pub(super) fn due_after(&self, expiry: Option<Expiry>) -> Option<DateTime<Utc>> {
        let millis = i64::try_from(expiry?.as_millis()).unwrap_or(i64::MAX);
        let after = TimeDelta::try_milliseconds(millis).unwrap_or(TimeDelta::MAX);
        Some(
            self.now
                .checked_add_signed(after)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        )
    }

    pub(super) fn remaining(&self, key: &StoredKey) -> Remaining {
        match self.entries.get(key.as_str()) {
            None => Remaining::Absent,
            Some(Entry { due: None, .. }) => Remaining::Forever,
            Some(Entry { due: Some(due), .. }) => {
                Remaining::Expires((*due - self.now).to_std().unwrap_or_default())
            }
        }
    }

    pub(super) fn set_due(&mut self, key: &StoredKey, due: Option<DateTime<Utc>>) -> bool {
        let Some(entry) = self.entries.get_mut(key.as_str()) else {
            return false;
        };
        let text = || key.as_str().to_owned();
        if let Some(old) = entry.due {
            self.due.remove(&(old, text()));
        }
        self.due.extend(due.map(|due| (due, text())));
        entry.due = due;
        true
    }

    /// Refuses what the owner's budget or the capacity has no room for. Of several values for a key, the last counts.
    pub(super) fn admit<'a>(
        &self,
        owner: CacheOwner,
        budget: Option<Budget>,
        writes: impl IntoIterator<Item = (&'a StoredKey, usize)>,
    ) -> Result<(), CacheError> {
        let before = self
            .tallies
            .get(&owner)
            .map(|tally| tally.usage)
            .unwrap_or_default();
        let mut after = before;
        let sizes: BTreeMap<_, _> = writes
            .into_iter()
            .map(|(key, length)| (key.as_str(), size(key.as_str(), length)))
            .collect();
        for (key, size) in &sizes {
            match self.entries.get(*key) {
                Some(entry) => after.bytes -= entry.size(key),
                None => after.keys += 1,
            }
            after.bytes += size;
        }
        let Budget { keys, bytes } = budget.unwrap_or_default();
        let spent = |limit: Option<u64>, before, after| {
            limit.filter(|limit| after > *limit && after > before)
        };
        if let Some(limit) = spent(keys, before.keys, after.keys) {
            let spent = SpentBudget::Keys(limit);
            return Err(CacheError::BudgetSpent { owner, spent });
        }
        if let Some(limit) = spent(bytes, before.bytes, after.bytes) {
            let spent = SpentBudget::Bytes(limit);
            return Err(CacheError::BudgetSpent { owner, spent });
        }
        let written: u64 = sizes.values().sum();
        if written > self.capacity {
            let capacity = self.capacity;
            let source = format!("{written} bytes don't fit into a cache of {capacity}").into();
            return Err(CacheError::Full { source });
        }
        Ok(())
    }

    /// Writes what was [admitted](Self::admit), and forgets what was used the longest time ago if it has to.
    pub(super) fn write(&mut self, key: &StoredKey, value: Vec<u8>, due: Option<DateTime<Utc>>) {
        self.begin_generation(key);
        self.remove(key.as_str());
        let text = key.as_str();
        let size = size(text, value.len());
        let use_number = self.next_number();
        self.used.insert(use_number, text.to_owned());
        self.due.extend(due.map(|due| (due, text.to_owned())));
        self.bytes += size;
        let usage = &mut self.tally(key.owner()).usage;
        usage.keys += 1;
        usage.bytes += size;
        let owner = key.owner();
        let entry = Entry {
            owner,
            value,
            due,
            use_number,
        };
        self.entries.insert(text.to_owned(), entry);
        while self.bytes > self.capacity
            && let Some((_, unused)) = self.used.first_key_value()
        {
            let unused = unused.clone();
            self.remove(&unused);
        }
    }

    pub(super) fn delete(&mut self, key: &StoredKey) -> bool {
        self.begin_generation(key);
        self.remove(key.as_str())
    }

    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some(entry) = self.entries.remove(key) else {
            return false;
        };
        let size = entry.size(key);
        self.bytes -= size;
        self.used.remove(&entry.use_number);
        if let Some(due) = entry.due {
            self.due.remove(&(due, key.to_owned()));
        }
        let usage = &mut self.tally(entry.owner).usage;
        usage.keys -= 1;
        usage.bytes -= size;
        true
    }

    /// Stored keys that begin so, in order, and what each of them takes; those after `last` only, if it is given.
    pub(super) fn beginning_with<'a>(
        &'a self,
        start: &'a str,
        last: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, u64)> {
        let from = match last {
            Some(last) if last >= start => Bound::Excluded(last),
            _ => Bound::Included(start),
        };
        self.entries
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(start))
            .map(|(key, entry)| (key.as_str(), entry.size(key)))
    }

    /// The generation of an entry: the last change of any that share its stripe, or the last flush.
    pub(super) fn generation(&mut self, key: &StoredKey) -> u64 {
        let stripe = stripe(key.as_str());
        self.tally(key.owner()).generations[stripe]
    }

    fn begin_generation(&mut self, key: &StoredKey) {
        let (number, stripe) = (self.next_number(), stripe(key.as_str()));
        self.tally(key.owner()).generations[stripe] = number;
    }

    pub(super) fn begin_generations(&mut self, owner: CacheOwner) {
        let number = self.next_number();
        self.tally(owner).generations = [number; STRIPES];
    }

    /// How many entries, times of expiry and uses are kept.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 3] {
        [self.entries.len(), self.due.len(), self.used.len()]
    }

    fn tally(&mut self, owner: CacheOwner) -> &mut Tally {
        self.tallies.entry(owner).or_default()
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

impl Entry {
    fn size(&self, key: &str) -> u64 {
        size(key, self.value.len())
    }
}

fn size(key: &str, value: usize) -> u64 {
    // A usize has 64 bits at most.
    (key.len() + value) as u64
}

fn stripe(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    // The remainder is smaller than the number of stripes.
    usize::try_from(hasher.finish() % STRIPES as u64).unwrap_or_default()
}
