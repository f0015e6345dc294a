use alloc::boxed::Box;

use super::tenants::ATTEMPTS;
use super::{ServiceError, TenantService};
use crate::ports::{RepositoryError, SchemaError};
use crate::provisioning::{Answer, Provisioned, Provisioning, Step};
use crate::{Actor, TenantId, TenantSchema, TenantStatus};

impl TenantService {
    /// Makes the tenant's schema, runs the tenant migrations, and records that it is ready: then it is active.
    ///
    /// A second call does nothing and says so. After a failure or a crash at any point, the same call finishes
    /// the work. Two at once, in any processes, end alike: one does the work, the other finds it done.
    ///
    /// # Errors
    /// A migration that failed leaves no schema, and the tenant pending. See [`ServiceError`].
    pub async fn provision(
        &self,
        id: TenantId,
        actor: &Actor,
    ) -> Result<Provisioned, ServiceError> {
        let tenant = self.repository.find(id).await?;
        let schema = tenant.schema();
        let run = Provisioning::begin(tenant, actor.clone())?;
        match self.drive(run).await {
            Err(error) => Err(self.clear_after(error, &schema).await),
            done => done,
        }
    }

    async fn drive(&self, mut run: Provisioning) -> Result<Provisioned, ServiceError> {
        let mut attempts = 1;
        loop {
            let answer = match run.poll_step() {
                Step::Finished(outcome) => return Ok(outcome),
                step => self.perform(step, &mut attempts).await?,
            };
            run.handle(answer, self.clock.now())?;
        }
    }

    /// A tenant that was deleted or purged meanwhile must not leave the schema that this run made for it: a purge that
    /// found no schema yet won't come again, and whoever takes the slug next would find somebody else's.
    ///
    /// Such a tenant was never provisioned, so that nobody's rows are in the schema; the mark keeps other tenants' safe.
    async fn clear_after(&self, error: ServiceError, schema: &TenantSchema) -> ServiceError {
        let given_up = match self.repository.find(schema.tenant).await {
            Ok(tenant) => {
                tenant.status() == TenantStatus::Deleted && tenant.provisioned_at().is_none()
            }
            Err(RepositoryError::NotFound { .. }) => true,
            Err(_) => false,
        };
        if !given_up {
            return error;
        }
        match self.schemas.remove(schema).await {
            Ok(_) | Err(SchemaError::Foreign { .. }) => error,
            Err(left) => left.into(),
        }
    }

    async fn perform(&self, step: Step, attempts: &mut usize) -> Result<Answer, ServiceError> {
        Ok(match step {
            Step::Inspect(schema) => Answer::Inspected(self.schemas.inspect(&schema).await?),
            Step::Create(schema) => Answer::Created(self.schemas.create(&schema).await?),
            Step::Migrate(schema) => Answer::Migrated(self.schemas.migrate(&schema).await?),
            Step::Record { tenant, expected } => {
                match self.repository.update(&tenant, expected).await {
                    Ok(()) => Answer::Recorded,
                    // A repository that reads from a replica behind its writes would be stale for ever.
                    Err(RepositoryError::Stale { .. }) if *attempts < ATTEMPTS => {
                        *attempts += 1;
                        Answer::Stale
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Step::Reload(id) => Answer::Reloaded(Box::new(self.repository.find(id).await?)),
            Step::Announce(event) => {
                self.events.publish(&event).await;
                Answer::Announced
            }
            Step::Finished(_) => Answer::Announced,
        })
    }
}
