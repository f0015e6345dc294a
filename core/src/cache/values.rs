use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::StoredKey;

/// How long an entry lives after it is written: 1 ms to 36,500 days, in whole milliseconds, rounded up.
///
/// ```
/// use std::time::Duration;
/// use tenantry::cache::Expiry;
///
/// assert_eq!(Expiry::after(Duration::from_secs(60))?.as_millis(), 60_000);
/// assert!(Expiry::after(Duration::ZERO).is_err());
/// # Ok::<(), tenantry::cache::ExpiryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry(u64);

impl Expiry {
    /// The longest expiry, in milliseconds.
    pub const MAX_MILLIS: u64 = 36_500 * 86_400_000;

    /// Makes an expiry.
    ///
    /// # Errors
    /// [`ExpiryError`], for none at all and for more than 36,500 days.
    pub fn after(duration: Duration) -> Result<Self, ExpiryError> {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        match u64::try_from(millis) {
            Ok(millis @ 1..=Self::MAX_MILLIS) => Ok(Self(millis)),
            _ => Err(ExpiryError { duration }),
        }
    }

    /// The milliseconds.
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// The duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

/// A duration that can't be an [`Expiry`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry can't expire after {duration:?}: give it 1 ms to 36,500 days, or no expiry")]
pub struct ExpiryError {
    /// The refused duration.
    pub duration: Duration,
}

/// How much one owner may keep in the cache at once.
///
/// Bytes are those of the stored keys and of the values; what the store needs beside them isn't counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// How many entries. `None` is without a limit.
    pub keys: Option<u64>,
    /// How many bytes. `None` is without a limit.
    pub bytes: Option<u64>,
}

/// Which part of a [`Budget`] is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpentBudget {
    /// All entries that it allows.
    Keys(u64),
    /// All bytes that it allows.
    Bytes(u64),
}

impl fmt::Display for SpentBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(limit) => write!(f, "{limit} keys"),
            Self::Bytes(limit) => write!(f, "{limit} bytes"),
        }
    }
}

/// What goes with a value that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WriteOptions {
    /// When the entry expires. `None` is never.
    pub expiry: Option<Expiry>,
    /// What the owner may keep. `None` is without a limit.
    pub budget: Option<Budget>,
}

/// How long an entry lives yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remaining {
    /// There is no such entry.
    Absent,
    /// It doesn't expire.
    Forever,
    /// It expires after this.
    Expires(Duration),
}

/// How a compare and swap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Swap {
    /// The value was the expected one, and is the new one now.
    Swapped,
    /// The value is another. Nothing changed.
    Different,
    /// There is no such entry. Nothing changed.
    Absent,
}

/// How much one space and those nested in it keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Entries.
    pub keys: u64,
    /// Bytes of the stored keys and of the values.
    pub bytes: u64,
}

/// How many entries a store looks at in one step of a scan: 1 to 1,000, else the nearest of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScanStep(u16);

impl ScanStep {
    const LARGEST: u16 = 1000;

    /// Takes the nearest step that is allowed.
    pub fn of(entries: u16) -> Self {
        Self(entries.clamp(1, Self::LARGEST))
    }

    /// The number of entries.
    pub fn entries(self) -> u16 {
        self.0
    }
}

impl Default for ScanStep {
    /// 500 entries.
    fn default() -> Self {
        Self(500)
    }
}

/// Where the next step of a scan goes on. Only the adapter that made one understands it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScanCursor(String);

impl ScanCursor {
    /// An adapter's own mark.
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    /// The adapter's mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one step of a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPage<K = StoredKey> {
    /// Keys, in no order. There may be none although the scan isn't over.
    pub keys: Vec<K>,
    /// Where to go on. `None` is the end.
    pub next: Option<ScanCursor>,
}

/// After which write, deletion or flush an entry's value was computed. The next of them makes another generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(String);

impl Generation {
    /// An adapter's own mark.
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    /// The adapter's mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
