use std::sync::Arc;
use std::time::Duration;

use tenantry::ports::Cache;

use crate::{ProbeError, unsupported};

/// One cache, in a world of its own, as the suite runs it.
pub trait CacheHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `redis`.
    const ADAPTER: &'static str;

    /// What the suite can put the store through.
    const CLAIMS: &'static [Disturbance];

    /// How long one call may take at most, with the store silent: 2 s or less, for the suite's patience.
    const DEADLINE: Duration;

    /// Makes a fresh, empty store with room for 8 MiB. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// A cache over this world's store, as one more process would have it.
    fn cache(&self) -> Arc<dyn Cache>;

    /// Returns when so much time has passed for the store.
    fn pass(&self, time: Duration);

    /// Runs a future of the cache to its end, on whatever it needs. Several threads may do so at once.
    fn block_on<F: Future>(&self, work: F) -> F::Output;

    /// Disturbs the store, runs `work`, and ends the disturbance.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`] for what isn't in [`CLAIMS`](Self::CLAIMS).
    fn while_disturbed(
        &self,
        disturbance: Disturbance,
        work: &mut dyn FnMut(),
    ) -> Result<(), ProbeError> {
        let _ = (disturbance, work);
        Err(unsupported("disturbing the store"))
    }
}

/// What a store can be put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Disturbance {
    /// It has ended without a farewell, and nothing listens where it was.
    Away,
    /// It takes connections and requests, and answers none.
    Silent,
    /// It has no room for one more entry, and may not evict any.
    Full,
}
