//! Real servers for tests and benchmarks: started on loopback, thrown away afterwards.
//!
//! A server lives as long as its owner. Each is watched by a small `sh` process that holds the other end of a pipe:
//! when the pipe closes, because the value was dropped or because the process ended in whatever way, SIGKILL
//! included, the watcher stops the server and deletes its folder.
//!
//! A server that isn't installed is an error that names the command which installs it. It is never a reason to
//! skip a test.
//!
//! ```no_run
//! use tenantry_conformance::servers::Postgres;
//!
//! let server = Postgres::start()?; // about half a second
//! let url = server.create_database()?;
//! assert!(url.starts_with("postgres://postgres@127.0.0.1:"));
//! # Ok::<(), tenantry_conformance::servers::ServerError>(())
//! ```
//!
//! Works on Unix, needs `sh`, and `runuser` when the owner is root, since PostgreSQL and `PgBouncer` refuse root.
//! Redis runs as nobody then.

mod error;
mod pgbouncer;
mod port;
mod postgres;
mod programs;
mod proxy;
mod redis;
mod redis_cluster;
mod supervisor;

pub use error::ServerError;
pub use pgbouncer::{PgBouncer, PoolSettings};
pub use postgres::{Postgres, PostgresBuilder};
pub use proxy::{NetworkFault, Proxy};
pub use redis::{Redis, RedisBuilder, RedisTls};
pub use redis_cluster::RedisCluster;

#[cfg(test)]
mod tests;
