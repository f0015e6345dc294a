use std::time::Duration;

use tenantry::usage::UsageSampler;
use tracing::{debug, warn};

use crate::error::chain;

/// Takes a sample of how much tenants have now, and again after each such time, for as long as the server runs.
pub(super) fn begin(sampler: UsageSampler, every: Duration) {
    tokio::spawn(async move {
        loop {
            match sampler.sample().await {
                Ok(done) => debug!(tenants = done.tenants, "usage was sampled"),
                Err(error) => warn!(error = chain(&error).join(": "), "usage can't be sampled"),
            }
            tokio::time::sleep(every).await;
        }
    });
}
