use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::Serialize;

use super::{ServiceError, TenantService};
#[cfg(doc)]
use crate::ports::SchemaProvider;
use crate::ports::{MigrationReport, SchemaError};
use crate::{PageRequest, PageSize, Slug, Tenant, TenantFilter, TenantId, TenantStatus};

impl TenantService {
    /// Runs the tenant migrations that one tenant's schema lacks.
    ///
    /// # Errors
    /// See [`SchemaError`]: the schema is as it was before the call then.
    pub async fn migrate(&self, id: TenantId) -> Result<MigrationReport, ServiceError> {
        let tenant = self.repository.find(id).await?;
        Ok(self.schemas.migrate(&tenant.schema()).await?)
    }

    /// Brings every provisioned tenant up to date, suspended ones too, one after the other.
    ///
    /// A tenant that fails doesn't stop the others; the report names it, and a second run touches only what is
    /// still behind. So does a run after one that was stopped half-way. `progress` is called after each tenant.
    ///
    /// # Cost
    /// For every 500 tenants one page of the repository and one [`SchemaProvider::behind`], and one
    /// [`SchemaProvider::migrate`] for each tenant that is behind. If the provider can't tell who is, each tenant is
    /// asked alone, so that one of them doesn't hide the others.
    ///
    /// # Errors
    /// Only when the tenants can't be listed.
    pub async fn migrate_all(
        &self,
        mut progress: impl FnMut(FleetProgress<'_>) + Send,
    ) -> Result<FleetReport, ServiceError> {
        let filter = TenantFilter {
            statuses: [TenantStatus::Active, TenantStatus::Suspended].into(),
            search: None,
        };
        let mut report = FleetReport::default();
        let mut request = Some(PageRequest::first(PageSize::LARGEST));
        while let Some(page) = request.take() {
            let page_of_tenants = self.repository.list(&filter, page).await?;
            let behind = self.behind(&page_of_tenants.items).await;
            for tenant in &page_of_tenants.items {
                let outcome = if behind.contains(&tenant.id()) {
                    self.schemas.migrate(&tenant.schema()).await
                } else {
                    Ok(MigrationReport::default())
                };
                progress(FleetProgress {
                    slug: tenant.slug(),
                    outcome: &outcome,
                });
                report.count(tenant.id(), *tenant.slug(), outcome);
            }
            request = page.following(page_of_tenants.next)?;
        }
        Ok(report)
    }

    /// Whom to migrate: everybody, if the provider can't tell.
    async fn behind(&self, tenants: &[Tenant]) -> BTreeSet<TenantId> {
        if tenants.is_empty() {
            return BTreeSet::new();
        }
        let schemas: Vec<_> = tenants.iter().map(Tenant::schema).collect();
        let behind = self.schemas.behind(&schemas).await.unwrap_or(schemas);
        behind.into_iter().map(|schema| schema.tenant).collect()
    }
}

/// One tenant of a [`TenantService::migrate_all`], just done.
#[derive(Clone, Copy, Debug)]
pub struct FleetProgress<'a> {
    /// Whose schema.
    pub slug: &'a Slug,
    /// What was done, or why not.
    pub outcome: &'a Result<MigrationReport, SchemaError>,
}

/// What [`TenantService::migrate_all`] did.
#[derive(Debug, Default)]
pub struct FleetReport {
    /// How many tenants it brought up to date.
    pub migrated: usize,
    /// How many were up to date already.
    pub unchanged: usize,
    /// The tenants that it couldn't migrate, each as it was before.
    pub failed: Vec<FleetFailure>,
}

impl FleetReport {
    fn count(&mut self, id: TenantId, slug: Slug, outcome: Result<MigrationReport, SchemaError>) {
        match outcome {
            Ok(report) if report.applied.is_empty() => self.unchanged += 1,
            Ok(_) => self.migrated += 1,
            Err(error) => self.failed.push(FleetFailure { id, slug, error }),
        }
    }

    /// Which tenants it couldn't migrate, in few words: for a log. `None` if it migrated them all.
    pub fn failures(&self) -> Option<FleetFailures> {
        let ids = self.failed.iter().map(|failure| failure.id);
        (!self.failed.is_empty()).then(|| FleetFailures {
            failed: self.failed.len(),
            tenants: ids.take(FleetFailures::NAMED).collect(),
        })
    }
}

/// What a log says of the tenants that weren't migrated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FleetFailures {
    /// How many.
    pub failed: usize,
    /// Which: the first [`FleetFailures::NAMED`] of them.
    pub tenants: Vec<TenantId>,
}

impl FleetFailures {
    /// How many tenants it names at most.
    pub const NAMED: usize = 20;
}

/// A tenant that [`TenantService::migrate_all`] couldn't migrate.
#[derive(Debug)]
pub struct FleetFailure {
    /// Whose schema.
    pub id: TenantId,
    /// Whose schema, for people.
    pub slug: Slug,
    /// Why.
    pub error: SchemaError,
}
