use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use tenantry::jobs::{JobHandler, JobKind, JobPayload, JobPolicy, Outcome};
use tenantry::ports::{Randomness, TenantRepository};
use tower_layer::Layer;
use tower_service::Service;

use crate::attempt::{Crew, Given, PutOff};
use crate::carried::CarriedJob;
use crate::handlers::JobHandlers;

/// What apalis' workers need to run jobs inside their tenants: the layer that finds out where, and the handlers.
///
/// It decides by the core's own [`JobRun`](tenantry::jobs::JobRun), so a worker of apalis does with a job what a
/// [`JobWorker`](tenantry::jobs::JobWorker) does. Cloning is cheap.
///
/// A handler that panics has failed in a way that may pass: apalis' worker would end by it.
#[derive(Clone)]
pub struct TenantJobs(Arc<Crew>);

impl TenantJobs {
    /// Without a handler yet: every job waits.
    pub fn new(
        store: Arc<dyn PutOff>,
        tenants: Arc<dyn TenantRepository>,
        random: Arc<dyn Randomness>,
        policy: JobPolicy,
    ) -> Self {
        Self(Arc::new(Crew {
            store,
            tenants,
            random,
            policy,
            kinds: BTreeSet::new(),
            handlers: BTreeMap::new(),
            report: Arc::new(|_| {}),
        }))
    }

    /// Does the jobs of `kind` by `handler` from now on.
    #[must_use]
    pub fn with_handler(mut self, kind: JobKind, handler: Arc<dyn JobHandler>) -> Self {
        let crew = Arc::make_mut(&mut self.0);
        crew.kinds.insert(kind.clone());
        crew.handlers.insert(kind, handler);
        self
    }

    /// Lets jobs of `kind` through to a function of the host's, which is built into the worker instead of
    /// [`TenantJobs::handlers`]. It takes a [`CarriedJob`] and `Data<JobAttempt>`, and gives an `Option<JobPayload>`.
    #[must_use]
    pub fn with_kind(mut self, kind: JobKind) -> Self {
        Arc::make_mut(&mut self.0).kinds.insert(kind);
        self
    }

    /// Tells `report` what becomes of each job, before apalis has written it down.
    #[must_use]
    pub fn with_report(mut self, report: impl Fn(Outcome) + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).report = Arc::new(report);
        self
    }

    /// The layer for apalis' worker: `WorkerBuilder::layer`. Layers that try a task again belong inside of it.
    pub fn layer(&self) -> TenancyLayer {
        TenancyLayer(self.0.clone())
    }

    /// The handlers as the worker's service: `WorkerBuilder::build`.
    pub fn handlers(&self) -> JobHandlers {
        JobHandlers::new(self.0.handlers.clone())
    }
}

impl fmt::Debug for TenantJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantJobs")
            .field("kinds", &self.0.kinds)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

/// Finds out on each attempt where a job may run, and keeps it from running anywhere else.
#[derive(Clone)]
pub struct TenancyLayer(Arc<Crew>);

impl fmt::Debug for TenancyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenancyLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for TenancyLayer {
    type Service = Tenancy<S>;

    fn layer(&self, inner: S) -> Tenancy<S> {
        Tenancy {
            crew: self.0.clone(),
            inner,
        }
    }
}

/// The service of a [`TenancyLayer`].
#[derive(Clone)]
pub struct Tenancy<S> {
    crew: Arc<Crew>,
    inner: S,
}

impl<S: fmt::Debug> fmt::Debug for Tenancy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenancy")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S> Service<Task<CarriedJob>> for Tenancy<S>
where
    S: Service<Task<CarriedJob>, Response = Option<JobPayload>> + Clone + Send + 'static,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = Option<JobPayload>;
    type Error = BoxDynError;
    type Future = Pin<Box<dyn Future<Output = Given> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<CarriedJob>) -> Self::Future {
        // The one that was asked whether it is ready is the one that is called.
        let fresh = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, fresh);
        let crew = self.crew.clone();
        Box::pin(async move { crew.attempt(inner, task).await })
    }
}
