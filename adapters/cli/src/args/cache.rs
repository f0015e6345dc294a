//! What can be said of caches.

use clap::{Args, Subcommand};
use tenantry::cache::{KeyPattern, Namespace, ScanCursor};

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// The Redis that holds the caches: `redis://[user][:password@]host[:port][/database]`.
    #[arg(long, global = true, env = "REDIS_URL", hide_env_values = true)]
    pub(crate) redis_url: Option<String>,
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
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

/// Whose cache it is: nobody's by default.
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
