//! What can be said of caches.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tenantry::cache::{KeyPattern, Namespace, ScanCursor};

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(flatten)]
    pub(crate) redis: RedisArgs,
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

/// Which Redis, or cluster of them.
#[derive(Debug, Default, Args)]
pub(crate) struct RedisArgs {
    /// The Redis that holds the caches: `redis://[user][:password@]host[:port][/database]`, or `rediss://…` over TLS. With
    /// --cluster, one of its nodes; may be given several times, and `REDIS_URL` may hold several with blanks between them.
    #[arg(
        long,
        global = true,
        env = "REDIS_URL",
        hide_env_values = true,
        value_delimiter = ' '
    )]
    pub(crate) redis_url: Vec<String>,
    /// The caches are on a cluster.
    #[arg(long, global = true)]
    pub(crate) cluster: bool,
    /// Trust the authorities of this file (PEM) instead of those that this machine trusts.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) redis_ca: Option<PathBuf>,
    /// Show this certificate (PEM), if the server wants one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) redis_certificate: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) redis_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Counts what a tenant's cache keeps.
    Stats(PartArgs),
    /// Lists the keys of a tenant's cache, or of one namespace in it, in no order, a step at a time.
    Keys {
        #[command(flatten)]
        part: PartArgs,
        /// Only keys that this pattern means: * is any run of characters, ? is one.
        #[arg(long, default_value = "*")]
        pattern: KeyPattern,
        /// Go on from here: what the step before said.
        #[arg(long, value_name = "CURSOR", value_parser = cursor)]
        after: Option<ScanCursor>,
        /// How many, about: a step is never cut, so there may be some more.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
    /// Empties a tenant's cache, or one namespace and those nested in it, and says how many entries went.
    Flush(PartArgs),
}

/// Whose cache, and which part of it.
#[derive(Debug, Args)]
pub(crate) struct PartArgs {
    #[command(flatten)]
    pub(crate) owner: OwnerArgs,
    /// Only this namespace; given several times, each is nested in the one before.
    #[arg(long)]
    pub(crate) namespace: Vec<Namespace>,
}

/// Whose cache or log it is: nobody's by default.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OwnerArgs {
    /// This tenant's: its slug, or its id, which is enough without a database, and for a purged tenant.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The one that belongs to no tenant.
    #[arg(long)]
    pub(crate) shared: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "clap takes what may fail")]
fn cursor(text: &str) -> Result<ScanCursor, std::convert::Infallible> {
    Ok(ScanCursor::new(text))
}
