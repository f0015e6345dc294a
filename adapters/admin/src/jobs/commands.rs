//! Commands to one job. Each is refused unless the job is in the state that it is for, so that none needs `If-Match`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use tenantry::jobs::JobId;
use tenantry::ports::JobQueue;

use super::model::JobView;
use super::{chain_of, find};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::Nothing;
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::refusal::Refusal;
use crate::state::{Admin, Part};

macro_rules! command {
    ($(#[doc = $doc:tt])* $name:ident by $method:ident, $path:tt as $id:tt, recorded $action:tt) => {
        $(#[doc = $doc])*
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $id,
            responses((status = 200, description = "The job as it is now.", body = JobView))
        )]
        pub(super) async fn $name(
            State(admin): State<Admin>,
            Part(queue): Part<Arc<dyn JobQueue>>,
            Extension(operator): Extension<Operator>,
            InPath(id): InPath<JobId>,
            _: Nothing,
        ) -> Result<axum::Json<JobView>, Refusal> {
            let record = find(&*queue, &operator, id).await?;
            let act = Act::in_chain(chain_of(&record), $action, id);
            let done = async { Ok(queue.$method(id).await.map_err(PartRefusal::Jobs)?) };
            admin.audited(&operator, act, done).await?;
            Ok(axum::Json(find(&*queue, &operator, id).await?.into()))
        }
    };
}

command! {
    /// Make a waiting job due at once, with the attempts that it has had.
    retry by make_due,
    "/api/jobs/{job}/retry" as "retry_job",
    recorded "job.retry"
}

command! {
    /// Cancel a waiting job or a dead letter: it is never handed out again.
    cancel by cancel,
    "/api/jobs/{job}/cancel" as "cancel_job",
    recorded "job.cancel"
}

command! {
    /// Put a dead letter back: it waits again, due at once, with no attempts made.
    put_back by put_back,
    "/api/jobs/{job}/put-back" as "put_back_job",
    recorded "job.put_back"
}
