use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::cleaning::{Cleaned, clean};
use super::floor::{Count, Floor, Returned};
use super::manager::Lent;
use super::settings::PoolSettings;

/// So that one tenant's slow rollback doesn't keep everybody else's connections from being cleaned.
const CLEANERS: usize = 2;

/// Starts the threads that clean what scopes give back. They end when the pool is closed.
pub(super) fn start(floor: &Arc<Floor<Lent>>, settings: &PoolSettings) -> std::io::Result<()> {
    (0..CLEANERS).try_for_each(|_| start_one(Arc::clone(floor), settings.clone()))
}

fn start_one(floor: Arc<Floor<Lent>>, settings: PoolSettings) -> std::io::Result<()> {
    let work = move || {
        while let Some(returned) = floor.next_returned() {
            clean_one(&floor, &settings, returned);
        }
    };
    thread::Builder::new()
        .name("tenantry-clean".to_owned())
        .spawn(work)
        .map(drop)
}

fn clean_one(floor: &Floor<Lent>, settings: &PoolSettings, mut returned: Returned<Lent>) {
    let Returned { lent, served, .. } = &mut returned;
    let too_old = lent.opened_at.elapsed() >= settings.max_lifetime;
    let plan_stale = lent.trouble.stale_plan.is_some();
    // A host's default instrumentation runs in here: its panic must not end the thread that all others wait for.
    let worth_it = !lent.broken && !plan_stale && !too_old;
    let cleaned = worth_it
        .then(|| catch_unwind(AssertUnwindSafe(|| clean(lent, served.as_ref()))))
        .and_then(|unpanicked| unpanicked.ok()?.ok());
    if let Some(cleaned) = cleaned {
        if cleaned == Cleaned::InOneTrip {
            floor.count(Count::CleanedInOneTrip);
        }
        let tenants = u32::try_from(lent.tenants_served()).unwrap_or(u32::MAX);
        floor.count(Count::Cleaned);
        floor.shelve(returned, tenants >= settings.tenants_per_connection);
        return;
    }
    floor.count(if too_old {
        Count::Recycled
    } else {
        Count::Discarded
    });
    floor.close_returned(returned);
}
