use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use tenantry::resolution::{DomainName, SourceKind};
use tenantry::{Actor, NewTenant, Slug, Tenant, TenantName, TenantService};

use super::{Answer, Asked, Declared, RequestHarness, RequestServer};
use crate::{Verdict, Violation, ensure, ensure_eq};

/// What is promised from a change until every process acts on it, on a machine that isn't busy otherwise.
pub(super) const IN_TIME: Duration = Duration::from_secs(1);
/// How often that is tried: once is enough to show it, and a busy machine fails some.
const TRIES: usize = 8;
/// After so long nobody will hear of it any more.
const TOO_LATE: Duration = Duration::from_secs(4);

/// A fresh world, and whom it is full of: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
}

impl<H: RequestHarness> World<H> {
    pub(super) fn start() -> Self {
        Self {
            harness: H::start(),
        }
    }

    /// A world with these active tenants, each with its mark in its rows.
    pub(super) fn with<const N: usize>(slugs: [&str; N]) -> Result<(Self, [Tenant; N]), Violation> {
        let world = Self::start();
        let mut tenants = Vec::with_capacity(N);
        for slug in slugs {
            tenants.push(world.active(slug)?);
        }
        let tenants = tenants.try_into();
        Ok((
            world,
            tenants.map_err(|_| Violation::new("so many tenants"))?,
        ))
    }

    pub(super) fn service(&self) -> TenantService {
        self.harness.service()
    }

    pub(super) fn pending(&self, slug: &str) -> Result<Tenant, Violation> {
        let new = NewTenant::new(Slug::new(slug)?, TenantName::new(slug)?);
        Ok(block_on(self.service().create(new, &Actor::system()))?)
    }

    pub(super) fn active(&self, slug: &str) -> Result<Tenant, Violation> {
        let id = self.pending(slug)?.id();
        block_on(self.service().provision(id, &Actor::system()))?;
        let tenant = block_on(self.service().find(id))?;
        self.harness.mark(&tenant, &mark_of(&tenant))?;
        Ok(tenant)
    }

    pub(super) fn suspend(&self, tenant: &Tenant) -> Verdict {
        block_on(self.service().suspend(tenant.id(), &Actor::system()))?;
        Ok(())
    }

    pub(super) fn delete(&self, tenant: &Tenant) -> Verdict {
        self.suspend(tenant)?;
        block_on(self.service().delete(tenant.id(), &Actor::system()))?;
        Ok(())
    }

    pub(super) fn give(&self, domain: &str, tenant: &Tenant) -> Verdict {
        let domain = DomainName::new(domain)
            .map_err(|error| Violation::new(format!("the suite's own domain: {error}")))?;
        Ok(self.harness.give(&domain, tenant.id())?)
    }

    pub(super) fn serve(&self, sources: &[SourceKind]) -> Box<dyn RequestServer> {
        self.harness.serve(&Declared::of(sources))
    }

    /// Two processes that take subdomains and tenants' own domains.
    pub(super) fn two_processes(&self) -> [Box<dyn RequestServer>; 2] {
        let sources = [SourceKind::Subdomain, SourceKind::CustomDomain];
        [self.serve(&sources), self.serve(&sources)]
    }
}

/// What stands in a tenant's rows. Of two tenants of one slug, one after the other, each has its own.
pub(super) fn mark_of(tenant: &Tenant) -> String {
    format!("rows of {}", tenant.id())
}

/// The answer is this tenant's: the mark is from its rows.
#[track_caller]
pub(super) fn ensure_of(answer: &Answer, tenant: &Tenant) -> Verdict {
    ensure_eq!(
        answer.mark()?,
        Some(mark_of(tenant)),
        "whose rows are shown for {}",
        tenant.slug()
    );
    Ok(())
}

/// The answer is this problem.
#[track_caller]
pub(super) fn ensure_refused(answer: &Answer, status: u16, reason: &str) -> Verdict {
    ensure_eq!(
        answer.problem()?,
        super::exchange::refused(status, reason),
        "the refusal"
    );
    Ok(())
}

/// After a change, every server answers by it within [`IN_TIME`]: one of a few changes that are prepared.
pub(super) fn ensure_in_time(
    servers: &[Box<dyn RequestServer>],
    mut prepare: impl FnMut(usize) -> Result<Change, Violation>,
) -> Verdict {
    let mut slowest = Duration::ZERO;
    for number in 0..TRIES {
        let Change {
            asked,
            make,
            is_seen,
        } = prepare(number)?;
        for server in servers {
            let before = server.send(&asked);
            ensure!(
                !is_seen(&before),
                "the change is seen before it is made: {before:?}"
            );
        }
        make()?;
        let made_at = Instant::now();
        let mut took = Duration::ZERO;
        for server in servers {
            took = took.max(until_seen(server.as_ref(), &asked, &*is_seen, made_at)?);
        }
        if took <= IN_TIME {
            return Ok(());
        }
        slowest = slowest.max(took);
    }
    Err(Violation::new(format!(
        "never within a second: {} ms at most",
        slowest.as_millis()
    )))
}

/// A change that servers hear of.
pub(super) struct Change {
    pub(super) asked: Asked,
    pub(super) make: Box<dyn FnOnce() -> Verdict>,
    pub(super) is_seen: Box<dyn Fn(&Answer) -> bool>,
}

fn until_seen(
    server: &dyn RequestServer,
    asked: &Asked,
    is_seen: &dyn Fn(&Answer) -> bool,
    made_at: Instant,
) -> Result<Duration, Violation> {
    loop {
        let answer = server.send(asked);
        let passed = made_at.elapsed();
        if is_seen(&answer) {
            return Ok(passed);
        }
        if passed > TOO_LATE {
            return Err(Violation::new(format!(
                "after {} s a server still answers {answer:?}",
                passed.as_secs()
            )));
        }
        thread::yield_now();
    }
}
