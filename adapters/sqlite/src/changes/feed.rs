use std::time::Instant;
use std::{fmt, io, thread};

use async_channel::Receiver;
use async_trait::async_trait;
use tenantry::ports::{ChangeSignal, TenantChanges};

use super::watch::Watch;
use crate::SqliteStore;

/// How many signals wait for a reader that is slow. Beyond that the thread waits, and what it tells gets old.
const WAITING: usize = 256;

/// Tells which tenants' records changed, whoever changed them: this process, another, or somebody by hand.
///
/// Triggers note every change in the table `tenantry_tenant_changes`, in the transaction that makes it.
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes both. SQLite notifies no other process,
/// so a thread asks twenty times a second whether anybody wrote to the shared file, which reads some bytes of it, and
/// reads the table if somebody did. The thread ends when the feed is dropped.
///
/// A shared file that was put in another's place cuts the feed, which then goes on with the new one.
pub struct SqliteTenantChanges {
    told: Receiver<Told>,
}

/// What the thread tells.
pub(super) enum Told {
    Signal(ChangeSignal),
    /// Every change that was committed up to then has been told.
    UpTo(Instant),
}

impl SqliteTenantChanges {
    /// Starts the feed of this store.
    ///
    /// # Errors
    /// If no thread can be had. A file that can't be read is no error: the feed is cut, and tries again.
    pub fn start(store: &SqliteStore) -> io::Result<Self> {
        let (telling, told) = async_channel::bounded(WAITING);
        let watch = Watch::new(store.clone(), telling);
        thread::Builder::new()
            .name("tenantry-changes".into())
            .spawn(move || {
                let _unread = watch.run();
            })?;
        Ok(Self { told })
    }
}

#[async_trait]
impl TenantChanges for SqliteTenantChanges {
    async fn next(&mut self) -> ChangeSignal {
        match self.told.recv().await {
            Ok(Told::Signal(signal)) => signal,
            Ok(Told::UpTo(begun)) => ChangeSignal::Current {
                age: begun.elapsed(),
            },
            // The thread is gone, which it isn't while somebody reads: nothing is told any more.
            Err(_) => ChangeSignal::Cut,
        }
    }
}

impl fmt::Debug for SqliteTenantChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTenantChanges")
            .finish_non_exhaustive()
    }
}
