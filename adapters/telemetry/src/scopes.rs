use std::cell::Cell;
use std::time::Instant;

use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry::{TenantContext, TenantId};

use crate::Telemetry;

/// Any pool's scopes, timed: how long each takes to be entered, and how long it lasts.
///
/// # Contract
/// That of the scopes behind it. Nothing is changed.
#[derive(Clone, Debug)]
pub struct ObservedScopes<S> {
    scopes: S,
    telemetry: Telemetry,
}

impl<S> ObservedScopes<S> {
    /// Times the scopes of a pool.
    pub fn new(scopes: S, telemetry: Telemetry) -> Self {
        Self { scopes, telemetry }
    }

    /// The pool behind it.
    pub fn inner(&self) -> &S {
        &self.scopes
    }

    fn timed<T>(
        &self,
        tenant: Option<TenantId>,
        run: impl FnOnce(&Cell<Option<Instant>>) -> T,
    ) -> T {
        let timed = Timed {
            telemetry: &self.telemetry,
            tenant,
            asked: Instant::now(),
            entered: Cell::new(None),
        };
        run(&timed.entered)
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method that isn't passed on isn't timed"
)]
impl<S: TenantScopes> TenantScopes for ObservedScopes<S> {
    type Tenant = S::Tenant;
    type Shared = S::Shared;

    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut S::Tenant) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.timed(Some(context.id()), |entered| {
            self.scopes.in_tenant(context, mode, |connection| {
                entered.set(Some(Instant::now()));
                work(connection)
            })
        })
    }

    fn in_shared<T, E>(&self, work: impl FnOnce(&mut S::Shared) -> Result<T, E>) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.timed(None, |entered| {
            self.scopes.in_shared(|connection| {
                entered.set(Some(Instant::now()));
                work(connection)
            })
        })
    }
}

/// Tells of a scope when it ends, however it does.
struct Timed<'t> {
    telemetry: &'t Telemetry,
    tenant: Option<TenantId>,
    asked: Instant,
    entered: Cell<Option<Instant>>,
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        let metrics = self.telemetry.metrics();
        let place = if self.tenant.is_some() {
            "tenant"
        } else {
            "shared"
        };
        let label = [("place", place)];
        let Some(entered) = self.entered.get() else {
            metrics.scopes_not_entered.get_or_create(&label).inc();
            return;
        };
        let waited = entered.duration_since(self.asked);
        metrics
            .scope_waits
            .get_or_create(&label)
            .observe(waited.as_secs_f64());
        let lasted = entered.elapsed();
        metrics
            .scope_times
            .get_or_create(&label)
            .observe(lasted.as_secs_f64());
        self.telemetry.scope(self.tenant, lasted);
    }
}
