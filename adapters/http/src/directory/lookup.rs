use std::sync::Arc;

use tenantry::Tenant;
use tenantry::ports::RepositoryError;
use tenantry::resolution::TenantReference;
use tokio::time::{Instant, timeout_at};

use super::entry::{Absent, Known, Reading};
use super::{DirectoryError, Inner};

impl Inner {
    /// How often a look-up is repeated because of a change that was told meanwhile.
    const ATTEMPTS: u32 = 3;

    pub(super) fn remembered(
        &self,
        reference: &TenantReference,
        now: Instant,
    ) -> Option<Result<Arc<Tenant>, DirectoryError>> {
        if let Some(known) = self.known.get(reference) {
            return self
                .believes(&known, now)
                .then(|| Ok(Arc::clone(&known.tenant)));
        }
        let absent = self.absent.get(reference)?;
        self.believes_absent(absent.reading, now)
            .then(|| Err(unknown(reference)))
    }

    pub(super) async fn look_up(
        &self,
        reference: &TenantReference,
    ) -> Result<Arc<Tenant>, DirectoryError> {
        for _ in 0..Self::ATTEMPTS {
            let flight = self
                .flights
                .join(reference, &self.freshness, Instant::now());
            let landing = flight
                .landing
                .get_or_init(|| self.read(reference, flight.begun))
                .await;
            let now = Instant::now();
            match landing {
                Ok(known) if self.believes(known, now) && self.is_current(known.reading, now) => {
                    return Ok(Arc::clone(&known.tenant));
                }
                // The answer was overtaken on its way.
                Ok(_) => {}
                Err(DirectoryError::Unknown { .. }) if !self.believes_absent(flight.begun, now) => {
                }
                Err(error) => return Err(error.clone()),
            }
        }
        Err(DirectoryError::Unproven {
            reference: reference.clone(),
        })
    }

    /// Reads what nobody else reads, within the limits, and remembers it if nothing was told meanwhile.
    async fn read(
        &self,
        reference: &TenantReference,
        reading: Reading,
    ) -> Result<Arc<Known>, DirectoryError> {
        // Another flight may have landed between the look at the cache and the joining of this one.
        if let Some(known) = self.known.get(reference)
            && self.believes(&known, reading.at)
        {
            return Ok(known);
        }
        let allowance = self.allowance(reference)?;
        let deadline = Instant::now() + self.settings.patience;
        let answer = timeout_at(deadline, async {
            // The semaphore is never closed.
            let _reader = self.readers.acquire().await;
            self.fetch(reference).await
        })
        .await;
        let tenant = match answer {
            Err(_) => {
                return Err(DirectoryError::Unproven {
                    reference: reference.clone(),
                });
            }
            Ok(Err(DirectoryError::Unknown { reference })) => {
                allowance.spend();
                self.known.invalidate(&reference);
                if self.freshness.is_undisturbed(reading) {
                    self.absent.insert(reference.clone(), Absent { reading });
                }
                return Err(DirectoryError::Unknown { reference });
            }
            Ok(Err(error)) => return Err(error),
            Ok(Ok(tenant)) => tenant,
        };
        let mark = self.marks.of(tenant.id());
        let known = Arc::new(Known::new(tenant, reading, mark));
        // The mark was taken before this look: a change that comes between the two outdates it.
        if self.freshness.is_undisturbed(reading) {
            self.absent.invalidate(reference);
            self.known.insert(reference.clone(), Arc::clone(&known));
        }
        Ok(known)
    }

    async fn fetch(&self, reference: &TenantReference) -> Result<Tenant, DirectoryError> {
        let found = match reference {
            TenantReference::Slug(slug) => self.tenants.find_by_slug(slug).await,
            TenantReference::Id(id) => self.tenants.find(*id).await,
            TenantReference::Domain(domain) => {
                let domains = self.domains.as_ref().ok_or(DirectoryError::NoDomains)?;
                match domains.owner_of(domain).await {
                    Ok(Some(owner)) => self.tenants.find(owner).await,
                    Ok(None) => return Err(unknown(reference)),
                    Err(error) => Err(error),
                }
            }
        };
        found.map_err(|error| match error {
            RepositoryError::NotFound { .. } => unknown(reference),
            error => DirectoryError::Store {
                reference: reference.clone(),
                source: Arc::new(error),
            },
        })
    }

    /// What a look-up of a name takes that may be nobody's. One that was somebody's a moment ago takes nothing.
    fn allowance(&self, reference: &TenantReference) -> Result<Allowance<'_>, DirectoryError> {
        if self.known.contains_key(reference) {
            return Ok(Allowance { of: None });
        }
        self.unknown
            .take(Instant::now())
            .map_err(|retry_after| DirectoryError::TooManyUnknown { retry_after })?;
        Ok(Allowance { of: Some(self) })
    }

    fn believes(&self, known: &Known, now: Instant) -> bool {
        !known.mark.is_outdated() && self.freshness.believes(known.reading, now)
    }

    /// Any change may have been the making of a tenant of that name.
    fn believes_absent(&self, reading: Reading, now: Instant) -> bool {
        self.freshness.is_undisturbed(reading) && self.freshness.believes(reading, now)
    }

    /// A fresh answer's tenant had no mark while it was read, so that any change told meanwhile may be of it.
    fn is_current(&self, reading: Reading, now: Instant) -> bool {
        self.freshness.is_undisturbed(reading) || self.freshness.is_young(reading, now)
    }
}

/// A place among the look-ups for nobody, which goes back unless it was one. It goes back, too, when the look-up is given
/// up by whoever waited for it, since the next one takes it up.
struct Allowance<'a> {
    of: Option<&'a Inner>,
}

impl Allowance<'_> {
    fn spend(mut self) {
        self.of = None;
    }
}

impl Drop for Allowance<'_> {
    fn drop(&mut self) {
        if let Some(inner) = self.of {
            inner.unknown.give_back();
        }
    }
}

fn unknown(reference: &TenantReference) -> DirectoryError {
    DirectoryError::Unknown {
        reference: reference.clone(),
    }
}
