use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use tenantry::TenantEvent;
use tenantry::ports::{ChangeSignal, EventSink, TenantChanges};
use tokio::time::{Instant, sleep};

use super::{Inner, TenantDirectory};

impl TenantDirectory {
    const PAUSE_WHILE_CUT: Duration = Duration::from_millis(100);

    /// Hears of changes for as long as the future lives: spawn it, once for each process.
    ///
    /// While the feed proves that it hears, nothing is read again but what changed. While it is cut, and after the future
    /// is dropped, the directory believes what it read for no longer than
    /// [`trust_for`](super::DirectoryBuilder::trust_for).
    pub async fn follow(&self, mut changes: impl TenantChanges) -> Infallible {
        let _end = CutAtEnd(&self.inner);
        let mut last = None;
        loop {
            let signal = changes.next().await;
            self.hear(signal);
            // A feed that has nothing else to tell may tell this at once, over and over.
            if signal == ChangeSignal::Cut && last == Some(signal) {
                sleep(Self::PAUSE_WHILE_CUT).await;
            }
            last = Some(signal);
        }
    }

    fn hear(&self, signal: ChangeSignal) {
        let freshness = &self.inner.freshness;
        match signal {
            ChangeSignal::Tenant(tenant) => self.forget(tenant),
            ChangeSignal::Current { age } => {
                let now = Instant::now();
                if let Some(at) = now.checked_sub(age) {
                    freshness.prove(at);
                }
            }
            ChangeSignal::Cut => freshness.cut(),
            // `Connected`, `Everything`, and whatever a later version of the port may say.
            _ => self.forget_all(),
        }
    }
}

struct CutAtEnd<'a>(&'a Inner);

impl Drop for CutAtEnd<'_> {
    fn drop(&mut self) {
        self.0.freshness.cut();
    }
}

/// A directory that is told of a change by the service that makes it forgets at once, in that process.
#[async_trait]
impl EventSink for TenantDirectory {
    async fn publish(&self, event: &TenantEvent) {
        self.forget(event.tenant);
    }
}
