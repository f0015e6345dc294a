//! The cache port of Tenantry on Redis 6 or newer, or Valkey.
//!
//! ```text
//!  tenant:{<id>}:…       the entries: plain strings, with Redis' own expiry
//!  budget:{<id>}:…       the books of a tenant that has a budget
//!  generations:{<id>}    which write, deletion or flush of an entry came last, while somebody computes
//! ```
//!
//! - Reads are native commands. Writes are scripts that run as one, since they keep the books of a budget.
//! - Pattern work and flushes go by `SCAN` in bounded steps and by `UNLINK`. A step looks at keys of all tenants, so
//!   they take time in proportion to the whole database, while nobody waits for them.
//! - All keys of a tenant carry its id as hash tag, so that a cluster ([`RedisSettings::cluster`]) keeps them on one node.
//!   Redirections are followed, since they say that nothing was done. Pattern work and flushes go through the tenant's
//!   node, wait while its slot is moved to another, and begin anew there. While a slot is moved, and while another node
//!   takes the place of one that failed, calls may end in
//!   [`CacheError::Unavailable`](tenantry::cache::CacheError::Unavailable): try again.
//! - Redis copies to replicas with a delay: when a replica takes over, the last writes and deletions before it may be
//!   undone, those of a flush too.
//! - TLS (`rediss://`) comes with the feature `tls`, by rustls. A server that can't prove who it is, is
//!   [`CacheError::Untrusted`](tenantry::cache::CacheError::Untrusted).
//! - Every round trip has a deadline. What is over it is [`CacheError::TimedOut`](tenantry::cache::CacheError), and its
//!   connection is replaced, since a stalled one wouldn't come back.
//! - A server that may evict (`maxmemory-policy`) may drop any entry at any time. A budget counts an evicted entry until
//!   a refused write finds it gone, some at a time.
//!
//! The futures need a tokio runtime with I/O and time.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use tenantry::cache::{CacheKey, CacheService};
//! use tenantry_redis::{RedisCache, RedisSettings};
//!
//! let settings = RedisSettings::new("redis://:secret@cache.internal/0")?;
//! let caches = CacheService::new(Arc::new(RedisCache::new(&settings)?));
//! caches.shared().set(&CacheKey::new("greeting")?, b"hello", None).await?;
//! # Ok(())
//! # }
//! ```

mod cache;
mod call;
mod cluster;
mod error;
mod held;
mod link;
mod names;
mod port;
mod position;
mod scripts;
mod settings;
mod sync;
#[cfg(feature = "tls")]
mod tls;

pub use cache::RedisCache;
pub use settings::{RedisSettings, RedisSettingsError};
