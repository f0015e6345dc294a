//! Long work as a resource: who asked for it needn't wait.

mod asking;
mod events;
mod record;
mod registry;
mod store;

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Operator, Right};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid};
use crate::refusal::Refusal;
use crate::routes::Routes;
use crate::state::Admin;

pub(crate) use asking::{Asking, OperationResult};
pub(crate) use record::now;
pub use record::{
    OperationId, OperationIdError, OperationKind, OperationProblem, OperationProgress,
    OperationRecord, OperationState,
};
pub(crate) use registry::{About, Operations, Progress};
pub use store::{MemoryOperations, OperationStore};

/// Every route of operations.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .mount::<__path_list, _, _>(Right::Read, list)
        .mount::<__path_read, _, _>(Right::Read, read)
        .mount::<events::__path_watch, _, _>(Right::Read, events::watch)
}

/// How many operations.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// Operations, the last one first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperationList {
    /// The operations.
    items: Vec<OperationRecord>,
}

/// List the operations that began last, the last one first.
#[utoipa::path(
    get,
    path = "/api/operations",
    operation_id = "list_operations",
    params(Listing),
    responses((status = 200, description = "Operations.", body = OperationList))
)]
async fn list(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<OperationList>, Refusal> {
    let limit = listing.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(invalid("1 to 500 operations are listed at once"));
    }
    let items = admin.operations.latest(operator.tenants(), limit).await?;
    Ok(axum::Json(OperationList { items }))
}

/// Read an operation: whether it runs, how far it is, and what became of it.
#[utoipa::path(
    get,
    path = "/api/operations/{operation}",
    operation_id = "read_operation",
    responses((status = 200, description = "The operation.", body = OperationRecord))
)]
async fn read(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    InPath(id): InPath<OperationId>,
) -> Result<axum::Json<OperationRecord>, Refusal> {
    let record = admin.operations.find(id).await?;
    Ok(axum::Json(visible(&operator, record)?))
}

/// The operation, if the operator may see it: one of another's tenant, or of all of them, isn't there to whoever has some.
fn visible(operator: &Operator, record: OperationRecord) -> Result<OperationRecord, Refusal> {
    let his = match record.tenant {
        Some(tenant) => operator.reaches(tenant),
        None => operator.tenants().is_none(),
    };
    if his {
        Ok(record)
    } else {
        Err(PartRefusal::OperationUnknown.into())
    }
}
