//! Jobs, over HTTP.

mod commands;
mod listing;
mod model;

use tenantry::audit::AuditChain;
use tenantry::jobs::{JobId, JobScope};
use tenantry::ports::{JobQueue, JobQueueError, JobRecord};

use crate::access::{Operator, Right};
use crate::part_refusal::PartRefusal;
use crate::routes::Routes;
use crate::terms::Terms;

/// Every route of jobs.
pub(crate) fn routes(routes: Routes) -> Routes {
    let everywhere = Terms::of(Right::Read).everywhere();
    routes
        .mount::<listing::__path_list_all, _, _>(everywhere, listing::list_all)
        .mount::<listing::__path_list, _, _>(Right::Read, listing::list)
        .mount::<listing::__path_read, _, _>(Right::Read, listing::read)
        .mount::<commands::__path_retry, _, _>(Right::Manage, commands::retry)
        .mount::<commands::__path_cancel, _, _>(Right::Manage, commands::cancel)
        .mount::<commands::__path_put_back, _, _>(Right::Manage, commands::put_back)
}

/// The job, if the operator may see it. To one of some tenants, others' jobs and the shared ones aren't there.
pub(crate) async fn find(
    queue: &dyn JobQueue,
    operator: &Operator,
    id: JobId,
) -> Result<JobRecord, PartRefusal> {
    let record = queue.find(id).await.map_err(|error| match error {
        JobQueueError::NotFound { .. } => PartRefusal::JobUnknown,
        error => error.into(),
    })?;
    let his = match record.job.scope() {
        JobScope::Tenant(tenant) => operator.reaches(tenant),
        JobScope::Shared => operator.tenants().is_none(),
    };
    if his {
        Ok(record)
    } else {
        Err(PartRefusal::JobUnknown)
    }
}

pub(crate) fn chain_of(record: &JobRecord) -> AuditChain {
    match record.job.scope() {
        JobScope::Tenant(tenant) => AuditChain::Tenant(tenant),
        JobScope::Shared => AuditChain::Shared,
    }
}
