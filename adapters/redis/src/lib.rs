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
//! - All keys of a tenant carry its id as hash tag, so that a cluster keeps them on one node. The cache speaks to one
//!   server and follows no redirection: to use a cluster, give each tenant the cache of its node.
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
mod error;
mod link;
mod names;
mod port;
mod scripts;
mod settings;

pub use cache::RedisCache;
pub use settings::{RedisSettings, RedisSettingsError};
