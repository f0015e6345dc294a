//! Metrics for Prometheus, of this server: its own requests, its connections to the database, and the job queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tenantry::jobs::JobReach;
use tenantry::ports::JobQueue;
use tenantry_telemetry::{RequestOutcome, Telemetry};
use tracing::debug;

use super::stores::Stores;
use crate::error::chain;

/// How often the queue is counted.
const COUNT_QUEUE: Duration = Duration::from_mins(1);

/// `/metrics`, and counters around `app`. It asks for no operator: no tenant is named in it.
pub(super) fn around(app: Router, stores: &Stores) -> Router {
    let telemetry = Arc::new(Telemetry::new());
    let pool = stores.pool();
    telemetry.pool("main", move || pool());
    tokio::spawn(count_queue(Arc::clone(&telemetry), stores.jobs()));
    let counted = app.layer(from_fn_with_state(Arc::clone(&telemetry), count));
    let metrics = Router::new()
        .route("/metrics", get(show))
        .with_state(telemetry);
    counted.merge(metrics)
}

async fn show(State(telemetry): State<Arc<Telemetry>>) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, Telemetry::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, telemetry.text())
}

async fn count(State(telemetry): State<Arc<Telemetry>>, request: Request, next: Next) -> Response {
    let mut counted = Counted {
        telemetry,
        began: Instant::now(),
        outcome: RequestOutcome::Cancelled,
    };
    let response = next.run(request).await;
    let status = response.status();
    counted.outcome = if status.is_server_error() {
        RequestOutcome::ServerError
    } else if status.is_client_error() {
        RequestOutcome::ClientError
    } else {
        RequestOutcome::Success
    };
    response
}

/// Counts a request when it is over, also one whose client went away.
struct Counted {
    telemetry: Arc<Telemetry>,
    began: Instant,
    outcome: RequestOutcome,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.telemetry.request(None, self.outcome, took);
    }
}

async fn count_queue(telemetry: Arc<Telemetry>, jobs: Arc<dyn JobQueue>) {
    loop {
        match jobs.stats(JobReach::Everything).await {
            Ok(stats) => telemetry.queue(&stats),
            Err(error) => debug!(error = chain(&error).join(": "), "jobs can't be counted"),
        }
        tokio::time::sleep(COUNT_QUEUE).await;
    }
}
