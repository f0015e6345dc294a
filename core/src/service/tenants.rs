use super::{NewTenant, ServiceError, TenantService};
use crate::lifecycle::{self, Command, Decision};
use crate::ports::{Removal, RepositoryError};
use crate::{
    Actor, Page, PageRequest, Settings, Slug, Tenant, TenantFilter, TenantId, TenantName, Version,
};

/// How often a command is decided anew when somebody else changed the record in between.
pub(super) const ATTEMPTS: usize = 5;

impl TenantService {
    /// Records a new tenant. It is pending until it is provisioned.
    ///
    /// # Errors
    /// [`RepositoryError::AlreadyExists`] if the slug is taken, also by a deleted tenant that isn't purged;
    /// [`ServiceError::Slug`] if the host reserves it.
    pub async fn create(&self, new: NewTenant, actor: &Actor) -> Result<Tenant, ServiceError> {
        let NewTenant {
            slug,
            name,
            settings,
        } = new;
        let slug = self.reserved.allow(slug)?;
        let now = self.clock.now();
        let tenant = Tenant::new(self.ids.tenant_id(now), slug, name, settings, now);
        self.repository.insert(&tenant).await?;
        self.events
            .publish(&lifecycle::created(&tenant, actor))
            .await;
        Ok(tenant)
    }

    /// Finds a tenant by its id, whatever its status.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn find(&self, id: TenantId) -> Result<Tenant, ServiceError> {
        Ok(self.repository.find(id).await?)
    }

    /// Finds a tenant by its slug, whatever its status.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, ServiceError> {
        Ok(self.repository.find_by_slug(slug).await?)
    }

    /// Lists the tenants that `filter` shows, a page at a time, in the order of their creation.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, ServiceError> {
        Ok(self.repository.list(filter, page).await?)
    }

    /// Gives a tenant another name for people. Its slug stays.
    ///
    /// # Errors
    /// See [`TenantService::apply`].
    pub async fn rename(
        &self,
        id: TenantId,
        name: TenantName,
        actor: &Actor,
    ) -> Result<Tenant, ServiceError> {
        self.apply(id, Command::Rename(name), None, actor).await
    }

    /// Replaces a tenant's settings.
    ///
    /// # Errors
    /// See [`TenantService::apply`].
    pub async fn change_settings(
        &self,
        id: TenantId,
        settings: Settings,
        actor: &Actor,
    ) -> Result<Tenant, ServiceError> {
        self.apply(id, Command::ChangeSettings(settings), None, actor)
            .await
    }

    /// Refuses an active tenant at every door from now on. Work that has its context already goes on to its end.
    ///
    /// # Errors
    /// See [`TenantService::apply`].
    pub async fn suspend(&self, id: TenantId, actor: &Actor) -> Result<Tenant, ServiceError> {
        self.apply(id, Command::Suspend, None, actor).await
    }

    /// Lets a suspended tenant in again.
    ///
    /// # Errors
    /// See [`TenantService::apply`].
    pub async fn activate(&self, id: TenantId, actor: &Actor) -> Result<Tenant, ServiceError> {
        self.apply(id, Command::Activate, None, actor).await
    }

    /// Gives up a suspended or pending tenant. Its data stays until it is purged, and so does its slug.
    ///
    /// # Errors
    /// See [`TenantService::apply`].
    pub async fn delete(&self, id: TenantId, actor: &Actor) -> Result<Tenant, ServiceError> {
        self.apply(id, Command::Delete, None, actor).await
    }

    /// Applies one command, and publishes what happened.
    ///
    /// With a version, only the record of that version is changed. Without one, the command is decided
    /// anew, a few times, when somebody else changed the record in between.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if the tenant's status doesn't allow it; [`RepositoryError::Stale`] if the stored
    /// version isn't `expected`. Nothing has changed then.
    pub async fn apply(
        &self,
        id: TenantId,
        command: Command,
        expected: Option<Version>,
        actor: &Actor,
    ) -> Result<Tenant, ServiceError> {
        let mut attempts = 1;
        loop {
            let outcome = self.apply_once(id, command.clone(), expected, actor).await;
            match outcome {
                Err(ServiceError::Repository(RepositoryError::Stale { .. }))
                    if expected.is_none() && attempts < ATTEMPTS =>
                {
                    attempts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply_once(
        &self,
        id: TenantId,
        command: Command,
        expected: Option<Version>,
        actor: &Actor,
    ) -> Result<Tenant, ServiceError> {
        let current = self.repository.find(id).await?;
        let found = current.version();
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(RepositoryError::Stale {
                id,
                expected,
                found,
            }
            .into());
        }
        let Decision { tenant, event } =
            lifecycle::decide(&current, command, actor, self.clock.now())?;
        self.repository.update(&tenant, found).await?;
        self.events.publish(&event).await;
        Ok(tenant)
    }

    /// Drops a deleted tenant's schema with every row in it, and forgets its record: its slug is free then.
    ///
    /// The schema goes first: after a crash between the two, the same call finishes the work.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if the tenant isn't deleted; [`SchemaError::Busy`](crate::ports::SchemaError::Busy) if
    /// somebody still reads its rows; [`SchemaError::Foreign`](crate::ports::SchemaError::Foreign) if the schema of that
    /// name isn't this tenant's. Nothing is dropped then.
    pub async fn purge(&self, id: TenantId, actor: &Actor) -> Result<Purged, ServiceError> {
        let tenant = self.repository.find(id).await?;
        let event = lifecycle::purge(&tenant, actor, self.clock.now())?;
        let schema = self.schemas.remove(&tenant.schema()).await?;
        self.repository.remove(id, tenant.version()).await?;
        self.events.publish(&event).await;
        Ok(Purged { tenant, schema })
    }
}

/// What [`TenantService::purge`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    /// The tenant as it was recorded last.
    pub tenant: Tenant,
    /// Whether there was a schema to drop.
    pub schema: Removal,
}
