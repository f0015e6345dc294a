use crate::BoxError;

use super::{CacheError, StoredKey};

/// Something that a cache got over without failing, and that an operator should know.
#[derive(Debug)]
#[non_exhaustive]
pub enum CacheReport<'a> {
    /// A stored value couldn't be decoded, and counted as a miss.
    Undecodable {
        /// Which entry.
        key: &'a StoredKey,
        /// What the decoder said.
        source: &'a BoxError,
    },
    /// A value was computed because the cache couldn't be asked, or wasn't kept because the cache wouldn't take it.
    Bypassed {
        /// Which entry.
        key: &'a StoredKey,
        /// What the cache said.
        source: &'a CacheError,
    },
}

/// Where [`CacheReport`]s go: a log, a counter.
pub trait CacheReports: Send + Sync {
    /// Takes a report. It must not block and can't fail.
    fn report(&self, report: &CacheReport<'_>);
}

/// Reports that nobody reads; the statistics count them all the same.
pub(super) struct Unread;

impl CacheReports for Unread {
    fn report(&self, _: &CacheReport<'_>) {}
}
