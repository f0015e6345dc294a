use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tenantry::{Actor, Tenant, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tracing::{Instrument, Span};

use super::record::now;
use super::{
    MemoryOperations, OperationId, OperationKind, OperationProblem, OperationProgress,
    OperationRecord, OperationState, OperationStore,
};
use crate::access::Operator;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// The operations of this process, and a store of these and others.
#[derive(Clone)]
pub(crate) struct Operations {
    store: Arc<dyn OperationStore>,
    running: Arc<Mutex<HashMap<OperationId, watch::Receiver<OperationRecord>>>>,
    room: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// What an operation is about.
pub(crate) struct About {
    pub(crate) kind: OperationKind,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) actor: Actor,
}

impl About {
    pub(crate) fn tenant(kind: OperationKind, tenant: &Tenant, operator: &Operator) -> Self {
        Self {
            tenant: Some(tenant.id()),
            ..Self::everything(kind, operator)
        }
    }

    pub(crate) fn everything(kind: OperationKind, operator: &Operator) -> Self {
        Self {
            kind,
            tenant: None,
            actor: operator.actor().clone(),
        }
    }
}

/// Where an operation says how far it is.
#[derive(Clone)]
pub(crate) struct Progress(Option<watch::Sender<OperationRecord>>);

impl Progress {
    /// For work that somebody waits for: nobody is told.
    pub(crate) fn untold() -> Self {
        Self(None)
    }

    /// So many steps are done.
    pub(crate) fn tell(&self, done: u64, text: impl Into<String>) {
        let Some(record) = &self.0 else { return };
        let text = text.into();
        record.send_modify(|record| {
            record.progress.done = done;
            record.progress.text = text;
            record.revision += 1;
        });
    }
}

impl Operations {
    /// How many operations run at once in this process.
    const MOST_AT_ONCE: usize = 32;
    /// How many streams of events are open at once in this process.
    const MOST_STREAMS: usize = 256;

    pub(crate) fn new(store: Arc<dyn OperationStore>) -> Self {
        Self {
            store,
            running: Arc::default(),
            room: Arc::new(Semaphore::new(Self::MOST_AT_ONCE)),
            streams: Arc::new(Semaphore::new(Self::MOST_STREAMS)),
        }
    }

    /// Begins work that goes on whoever waits for it. It is recorded first.
    pub(crate) async fn begin<W, F>(
        &self,
        about: About,
        work: W,
    ) -> Result<OperationRecord, Refusal>
    where
        W: FnOnce(Progress) -> F,
        F: Future<Output = Result<Value, Refusal>> + Send + 'static,
    {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| PartRefusal::OperationsFull)?;
        let unavailable = |source| PartRefusal::OperationsUnavailable { source };
        let began = now();
        let record = OperationRecord {
            id: OperationId::new(began).map_err(unavailable)?,
            kind: about.kind,
            tenant: about.tenant,
            actor: about.actor,
            state: OperationState::Running,
            revision: 1,
            progress: OperationProgress::default(),
            begun_at: began,
            seen_at: began,
            ended_at: None,
            result: None,
            problem: None,
        };
        self.store.save(&record).await.map_err(unavailable)?;
        let (sender, receiver) = watch::channel(record.clone());
        self.running().insert(record.id, receiver);
        let work = work(Progress(Some(sender.clone()))).instrument(Span::current());
        // A task of its own, so that a panic ends the operation and nothing else.
        let work = tokio::spawn(work);
        let run = self.clone().attend(sender, work, room);
        tokio::spawn(run.instrument(Span::current()));
        Ok(record)
    }

    /// The operation as it is now, in this process or another.
    pub(crate) async fn find(&self, id: OperationId) -> Result<OperationRecord, Refusal> {
        if let Some(here) = self.here(id) {
            return Ok(here.borrow().clone());
        }
        let found = self.store.find(id).await;
        let found = found.map_err(|source| PartRefusal::OperationsUnavailable { source })?;
        let found = found.ok_or(PartRefusal::OperationUnknown)?;
        Ok(found.shown(now()))
    }

    pub(crate) async fn latest(
        &self,
        tenants: Option<&BTreeSet<TenantId>>,
        limit: u16,
    ) -> Result<Vec<OperationRecord>, Refusal> {
        let found = self.store.latest(tenants, limit).await;
        let found = found.map_err(|source| PartRefusal::OperationsUnavailable { source })?;
        let shown = |record: OperationRecord| match self.here(record.id) {
            Some(here) => here.borrow().clone(),
            None => record.shown(now()),
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// The operation, where it runs in this process.
    pub(super) fn here(&self, id: OperationId) -> Option<watch::Receiver<OperationRecord>> {
        self.running().get(&id).cloned()
    }

    pub(super) fn stream(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        permit.map_err(|_| PartRefusal::StreamsFull.into())
    }

    /// Keeps the record true until the work has ended.
    async fn attend(
        self,
        record: watch::Sender<OperationRecord>,
        mut work: JoinHandle<Result<Value, Refusal>>,
        room: OwnedSemaphorePermit,
    ) {
        let mut changes = record.subscribe();
        let mut beat = tokio::time::interval(Duration::from_secs(OperationRecord::BEAT));
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                _ = changes.changed() => {}
                _ = beat.tick() => {}
            }
            let seen = now();
            record.send_if_modified(|record| {
                record.seen_at = seen;
                false
            });
            let current = changes.borrow_and_update().clone();
            self.save(&current).await;
        };
        let outcome = match outcome {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(Refusal::Panicked),
        };
        if let Err(refusal) = &outcome {
            refusal.log();
        }
        let mut ended = record.borrow().clone();
        ended.end(
            outcome.map_err(|refusal| OperationProblem::from(&refusal)),
            now(),
        );
        // It is in the store before it is told, so that whoever was told finds it.
        for attempt in 1..=5 {
            if self.save(&ended).await {
                break;
            }
            tokio::time::sleep(Duration::from_secs(attempt)).await;
        }
        record.send_replace(ended.clone());
        self.running().remove(&ended.id);
        drop(room);
    }

    async fn save(&self, record: &OperationRecord) -> bool {
        let saved = self.store.save(record).await;
        if let Err(error) = &saved {
            let error: &dyn std::error::Error = &**error;
            tracing::error!(error, operation = %record.id, "an operation couldn't be recorded");
        }
        saved.is_ok()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<OperationId, watch::Receiver<OperationRecord>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Operations {
    fn default() -> Self {
        Self::new(Arc::new(MemoryOperations::new()))
    }
}
