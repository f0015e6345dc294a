//! A cache for each tenant, over one store.
//!
//! ```text
//!  CacheService ──tenant(&context)──▶ TenantCache ─┐
//!       │       ──shared()──────────▶ SharedCache ─┤ deref
//!       │       ──for_operator(owner)▶ OperatorCache ┤ in part: neither reads nor writes values
//!       │                                      CacheScope   get, set, get_or_compute, flush …
//!       │                                          │ KeySpace: (owner, namespaces, key) -> StoredKey
//!       └── Arc<dyn Cache> ◀───────────────────────┘ the port: bytes under stored keys
//! ```
//!
//! Who holds a [`StoredKey`] holds a key of exactly one owner, since only a [`KeySpace`] makes one, and that is made of
//! a [`TenantContext`](crate::TenantContext) or is the shared one on purpose. An operator, who has an id alone, is given
//! neither.

mod compute;
mod error;
mod ext;
mod flight;
#[cfg(all(test, shuttle))]
mod interleavings;
mod key;
mod namespace;
mod operator;
mod owned;
mod pattern;
mod report;
mod scope;
mod service;
mod space;
mod statistics;
mod values;

pub use compute::ComputeError;
pub use error::CacheError;
pub use ext::CacheExt;
pub use key::{CacheKey, CacheKeyError};
pub use namespace::{Namespace, NamespaceError};
pub use operator::OperatorCache;
pub use owned::{SharedCache, TenantCache};
pub use pattern::{KeyPattern, KeyPatternError};
pub use report::{CacheReport, CacheReports};
pub use scope::CacheScope;
pub use service::{CachePolicy, CacheService, CacheServiceBuilder};
pub use space::{CacheOwner, KeySpace, StoredKey};
pub use statistics::CacheStatistics;
pub use values::{
    Budget, Expiry, ExpiryError, Generation, Remaining, ScanCursor, ScanPage, ScanStep,
    SpentBudget, Swap, Usage, WriteOptions,
};
