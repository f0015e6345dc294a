use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;

use crate::cache::{
    CacheError, Expiry, Generation, KeyPattern, KeySpace, Remaining, ScanCursor, ScanPage,
    ScanStep, StoredKey, Swap, Usage, WriteOptions,
};

/// Where bytes are kept for a while, each under a key that says whose they are.
///
/// Hosts use a [`TenantCache`](crate::cache::TenantCache) or a [`SharedCache`](crate::cache::SharedCache), which make
/// the keys. A [`StoredKey`] can't be made without an owner.
///
/// # Contract
/// - **Atomic.** Every method but [`scan`](Self::scan), [`usage`](Self::usage) and [`flush`](Self::flush) happens as a
///   whole or not at all, with nothing of other callers in between, and when it returns `Ok`, every later call of any
///   process sees it.
/// - **Expired is absent**, for every method, from the moment on and for good.
/// - **Bytes come back as they were given.**
/// - The keys of one call are of one owner.
/// - An error leaves everything as it was, except [`CacheError::TimedOut`] and [`CacheError::Unavailable`], after which
///   a write may be done or not done, never half-done. All may be repeated then but [`increment`](Self::increment),
///   which isn't idempotent; [`delete`](Self::delete), [`set_if_absent`](Self::set_if_absent) and
///   [`compare_and_swap`](Self::compare_and_swap) may then answer as if another had done what they did.
/// - A dropped future leaves the call done or not done, never half-done.
///
/// # Cost
/// One round trip for each method, unless it says otherwise.
///
/// # Errors
/// Each method can fail as the store does: [`CacheError::TimedOut`], [`CacheError::Unavailable`], [`CacheError::Full`]
/// (writes), [`CacheError::Forbidden`] and [`CacheError::Failed`]. What is its own is named there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value of an entry.
    ///
    /// # Errors
    /// Only those of the store.
    async fn get(&self, key: &StoredKey) -> Result<Option<Vec<u8>>, CacheError>;

    /// Writes an entry, whatever was there, value and expiry.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`]. A write that doesn't make an owner keep more is never refused for its budget.
    async fn set(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<(), CacheError>;

    /// Deletes an entry, and says whether there was one.
    ///
    /// # Errors
    /// Only those of the store.
    async fn delete(&self, key: &StoredKey) -> Result<bool, CacheError>;

    /// Whether there is an entry.
    ///
    /// # Errors
    /// Only those of the store.
    async fn exists(&self, key: &StoredKey) -> Result<bool, CacheError>;

    /// How long an entry lives yet, to the millisecond.
    ///
    /// # Errors
    /// Only those of the store.
    async fn remaining(&self, key: &StoredKey) -> Result<Remaining, CacheError>;

    /// Lets an entry expire after this time from now, or never, and says whether there is one.
    ///
    /// # Errors
    /// Only those of the store.
    async fn set_expiry(&self, key: &StoredKey, expiry: Option<Expiry>)
    -> Result<bool, CacheError>;

    /// The values of many entries, in the order of the keys, as they were at one moment.
    ///
    /// # Errors
    /// Only those of the store.
    async fn get_many(&self, keys: &[StoredKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError>;

    /// Writes many entries as [`set`](Self::set) does, all or none. Of several values for a key, the last counts.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`], if they don't all fit; none is written then.
    async fn set_many(
        &self,
        entries: &[(StoredKey, Vec<u8>)],
        options: WriteOptions,
    ) -> Result<(), CacheError>;

    /// Deletes many entries, and says how many there were.
    ///
    /// # Errors
    /// Only those of the store.
    async fn delete_many(&self, keys: &[StoredKey]) -> Result<u64, CacheError>;

    /// Adds to the number that an entry holds, and returns the sum. An absent entry counts as 0 and is made with
    /// the expiry of `options`; one that is there keeps its own.
    ///
    /// Not idempotent.
    ///
    /// # Errors
    /// [`CacheError::NotANumber`] unless the value is an `i64` as [`ToString`](alloc::string::ToString) writes it;
    /// [`CacheError::Overflow`]; [`CacheError::BudgetSpent`].
    async fn increment(
        &self,
        key: &StoredKey,
        by: i64,
        options: WriteOptions,
    ) -> Result<i64, CacheError>;

    /// Writes an entry if there is none, and says whether it did. Of several at once, exactly one does.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    async fn set_if_absent(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<bool, CacheError>;

    /// Replaces the value of an entry if it is the expected one, byte for byte. The entry keeps its remaining time; the
    /// expiry of `options` isn't looked at.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    async fn compare_and_swap(
        &self,
        key: &StoredKey,
        expected: &[u8],
        new: &[u8],
        options: WriteOptions,
    ) -> Result<Swap, CacheError>;

    /// One bounded step through the keys of a space that the pattern means; not those of nested spaces.
    ///
    /// Steps to the end find every entry that was there all along at least once, also while others write.
    ///
    /// # Errors
    /// [`CacheError::Failed`] for a cursor that isn't this adapter's.
    async fn scan(
        &self,
        space: &KeySpace,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError>;

    /// How much a space and those nested in it keep, counted in bounded steps. What others write meanwhile may be
    /// counted or not.
    ///
    /// Costs one or two round trips for each step.
    ///
    /// # Errors
    /// Only those of the store.
    async fn usage(&self, space: &KeySpace) -> Result<Usage, CacheError>;

    /// Deletes what a space and those nested in it keep, in bounded steps, and says how many entries that were.
    ///
    /// When it returns `Ok`, every entry that was there when it began is gone or written anew by somebody, and its
    /// owner's entries are in another [`generation`](Self::generation). After an error, some may be gone: repeat it.
    ///
    /// Costs one round trip, and one or two for each step.
    ///
    /// # Errors
    /// Only those of the store.
    async fn flush(&self, space: &KeySpace) -> Result<u64, CacheError>;

    /// The generation that an entry is in, whether it is there or not. It changes with every write and deletion of the
    /// entry, and with every flush of any of its owner's spaces, at the beginning of that. It may change at other
    /// times; it doesn't with expiry.
    ///
    /// # Errors
    /// Only those of the store.
    async fn generation(&self, key: &StoredKey) -> Result<Generation, CacheError>;

    /// Writes an entry as [`set`](Self::set) does if it is still in this generation, and says whether it did.
    ///
    /// It is what keeps a value out that was computed before a write, a deletion or a flush and comes after it. Of
    /// several that were computed in one generation, each may be written.
    ///
    /// # Errors
    /// [`CacheError::BudgetSpent`].
    async fn set_if_current(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
        generation: &Generation,
    ) -> Result<bool, CacheError>;
}
