use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use async_trait::async_trait;
use tenantry::TenantId;
use tenantry::ports::{ChangeSignal, TenantChanges};

/// How often a feed says that it is current.
const ROUND: Duration = Duration::from_millis(250);

/// Tells which records of a [`MemoryTenantRepository`](crate::MemoryTenantRepository) changed, before the call that changes
/// them returns. It is never cut.
///
/// What nobody reads is kept. A thread says that nothing was missed, and ends when the feed is dropped.
///
/// ```
/// use tenantry::ports::{ChangeSignal, TenantChanges};
/// use tenantry_memory::MemoryTenantRepository;
///
/// let repository = MemoryTenantRepository::new();
/// let mut changes = repository.changes();
/// assert_eq!(futures_lite::future::block_on(changes.next()), ChangeSignal::Connected);
/// ```
pub struct MemoryTenantChanges {
    told: Receiver<Told>,
}

#[derive(Debug)]
enum Told {
    Signal(ChangeSignal),
    /// Every change up to then has been told.
    UpTo(Instant),
}

/// Who is told. Used under the lock of the records, so that nobody sees a change before it is told.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<Vec<Sender<Told>>>);

impl Readers {
    pub(crate) fn add(&self) -> MemoryTenantChanges {
        let (telling, told) = async_channel::unbounded();
        send(&telling, Told::Signal(ChangeSignal::Connected));
        let proving = telling.clone();
        thread::Builder::new()
            .name("tenantry-changes".into())
            .spawn(move || prove(&proving))
            .expect("a thread for a feed");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(telling);
        MemoryTenantChanges { told }
    }

    pub(crate) fn tell(&self, tenant: TenantId) {
        let mut readers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| send(reader, Told::Signal(ChangeSignal::Tenant(tenant))));
    }
}

/// Whether somebody reads. There is always room.
fn send(telling: &Sender<Told>, told: Told) -> bool {
    telling.try_send(told).is_ok()
}

fn prove(telling: &Sender<Told>) {
    while !telling.is_closed() {
        // A reader that is behind has enough to read.
        if telling.is_empty() {
            send(telling, Told::UpTo(Instant::now()));
        }
        thread::sleep(ROUND);
    }
}

#[async_trait]
impl TenantChanges for MemoryTenantChanges {
    async fn next(&mut self) -> ChangeSignal {
        match self.told.recv().await {
            Ok(Told::Signal(signal)) => signal,
            Ok(Told::UpTo(begun)) => ChangeSignal::Current {
                age: begun.elapsed(),
            },
            // The repository is gone, and the thread too: nothing changes any more.
            Err(_) => ChangeSignal::Cut,
        }
    }
}

impl fmt::Debug for MemoryTenantChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTenantChanges")
            .finish_non_exhaustive()
    }
}
