use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use serde::Deserialize;
use tenantry::jobs::{JobId, JobReach, JobScope, JobState};
use tenantry::ports::{JobFilter, JobPage, JobQueue};
use utoipa::IntoParams;

use super::find;
use super::model::{JobPageView, JobStateView, JobView};
use crate::access::Operator;
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid, page_size};
use crate::refusal::Refusal;
use crate::state::Part;
use crate::tenants::Found;

/// Which jobs, and how many of them at once.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Only jobs in these states, parted by commas: all, unless it is given. The dead letters are those in `dead`.
    #[param(value_type = Option<Vec<JobStateView>>, style = Form, explode = false, min_items = 1)]
    state: Option<String>,
    /// Where the page begins: what the page before gave as `next`.
    #[param(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    cursor: Option<String>,
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

impl Listing {
    async fn read(self, queue: &dyn JobQueue, reach: JobReach) -> Result<JobPageView, Refusal> {
        let states = self.state.iter().flat_map(|list| list.split(','));
        let states: Result<BTreeSet<JobState>, _> = states.map(str::parse).collect();
        let states = states.map_err(invalid)?;
        let after = self.cursor.as_deref().map(str::parse).transpose();
        let after: Option<JobId> = after.map_err(invalid)?;
        let size = page_size(self.limit)?;
        let filter = JobFilter { reach, states };
        let listing = queue.list(&filter, JobPage { after, size }).await;
        Ok(listing.map_err(PartRefusal::Jobs)?.into())
    }
}

/// List jobs of all tenants, and the shared ones, by ascending id, a page at a time.
#[utoipa::path(
    get,
    path = "/api/jobs",
    operation_id = "list_jobs",
    params(Listing),
    responses((status = 200, description = "A page of jobs.", body = JobPageView))
)]
pub(super) async fn list_all(
    Part(queue): Part<Arc<dyn JobQueue>>,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<JobPageView>, Refusal> {
    let page = listing.read(&*queue, JobReach::Everything);
    Ok(axum::Json(page.await?))
}

/// List a tenant's jobs, by ascending id, a page at a time.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/jobs",
    operation_id = "list_jobs_of_tenant",
    params(Listing),
    responses((status = 200, description = "A page of jobs.", body = JobPageView))
)]
pub(super) async fn list(
    Part(queue): Part<Arc<dyn JobQueue>>,
    Found(tenant): Found,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<JobPageView>, Refusal> {
    let reach = JobReach::Only(JobScope::Tenant(tenant.id()));
    let page = listing.read(&*queue, reach);
    Ok(axum::Json(page.await?))
}

/// Read a job, with what its handler is given and what it gave.
#[utoipa::path(
    get,
    path = "/api/jobs/{job}",
    operation_id = "read_job",
    responses((status = 200, description = "The job.", body = JobView))
)]
pub(super) async fn read(
    Part(queue): Part<Arc<dyn JobQueue>>,
    Extension(operator): Extension<Operator>,
    InPath(id): InPath<JobId>,
) -> Result<axum::Json<JobView>, Refusal> {
    Ok(axum::Json(find(&*queue, &operator, id).await?.into()))
}
