use std::collections::BTreeSet;
use std::fmt;

use redis::{FromRedisValue, Script};
use tenantry::cache::{CacheError, CacheOwner, ScanStep, SpentBudget, WriteOptions};

use crate::call::Call;
use crate::link::Link;
use crate::names::{OwnerKeys, beginning_with};
use crate::scripts;
use crate::{RedisSettings, RedisSettingsError};

/// The cache port on one Redis server, over one connection that all calls share.
///
/// It connects with the first call, and again after the connection is lost: a call that can be repeated is, once,
/// within its deadline.
pub struct RedisCache {
    link: Link,
}

impl RedisCache {
    /// A cache on this server, without asking it anything.
    ///
    /// # Errors
    /// [`RedisSettingsError::Unsupported`].
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        Ok(Self {
            link: Link::new(settings)?,
        })
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// What kept it from answering.
    pub async fn ping(&self) -> Result<(), CacheError> {
        self.ask(Call::command("PING")).await
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, call: Call) -> Result<T, CacheError> {
        self.link.call(&call).await
    }

    /// Has a script write, again as long as it makes room by striking out what is gone.
    pub(crate) async fn write<T: FromRedisValue + AsRef<str>>(
        &self,
        call: Call,
        owner: CacheOwner,
        options: WriteOptions,
    ) -> Result<T, CacheError> {
        loop {
            let answer: T = self.link.call(&call).await?;
            let budget = options.budget.unwrap_or_default();
            let spent = match answer.as_ref() {
                "again" => continue,
                "keys" => SpentBudget::Keys(budget.keys.unwrap_or_default()),
                "bytes" => SpentBudget::Bytes(budget.bytes.unwrap_or_default()),
                _ => return Ok(answer),
            };
            return Err(CacheError::BudgetSpent { owner, spent });
        }
    }

    /// One step through the stored keys that begin so, with the cursor for the next one.
    pub(crate) async fn step(
        &self,
        start: &str,
        cursor: u64,
        step: ScanStep,
    ) -> Result<(Option<u64>, Vec<String>), CacheError> {
        let call = Call::command("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(beginning_with(start))
            .arg("COUNT")
            .arg(step.entries());
        let (next, found): (u64, Vec<Vec<u8>>) = self.ask(call).await?;
        // A key that isn't UTF-8 is none of ours.
        let found = found
            .into_iter()
            .filter_map(|key| String::from_utf8(key).ok())
            .filter(|key| key.starts_with(start));
        Ok(((next != 0).then_some(next), found.collect()))
    }

    pub(crate) async fn delete_stored(
        &self,
        owner: CacheOwner,
        keys: &[&str],
    ) -> Result<u64, CacheError> {
        let call = with_books(&scripts::DELETE, owner, keys.iter().copied());
        self.ask(call.once()).await
    }

    pub(crate) async fn begin_generations(&self, owner: CacheOwner) -> Result<(), CacheError> {
        let call = with_books(&scripts::FLUSH, owner, [])
            .arg(new_generation())
            .arg(GENERATION_LIFETIME);
        self.ask(call).await
    }

    /// What was found in steps, without what was found again.
    pub(crate) async fn sizes(
        &self,
        found: Vec<String>,
        seen: &mut BTreeSet<String>,
    ) -> Result<Vec<u64>, CacheError> {
        let new: Vec<_> = found
            .into_iter()
            .filter(|key| seen.insert(key.clone()))
            .collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> = new.iter().map(String::as_str).collect();
        self.ask(Call::script(&scripts::SIZES, &keys)).await
    }
}

/// Longer than any computation that still means something when it is done.
pub(crate) const GENERATION_LIFETIME: u64 = 7 * 24 * 3_600_000;

/// A name that no other generation has.
pub(crate) fn new_generation() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A call of a script that takes the owner's books and then these entries.
pub(crate) fn with_books<'a>(
    script: &'static Script,
    owner: CacheOwner,
    entries: impl IntoIterator<Item = &'a str>,
) -> Call {
    let books = OwnerKeys::of(owner).books();
    let mut keys: Vec<&str> = books.iter().map(String::as_str).collect();
    for entry in entries {
        keys.push(entry);
    }
    Call::script(script, &keys)
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache").finish_non_exhaustive()
    }
}
