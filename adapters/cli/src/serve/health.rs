//! What an orchestrator asks: whether the process lives, and whether requests should be sent to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry::{PageRequest, PageSize, TenantFilter};
use tokio::sync::watch;
use tracing::{info, warn};

use super::stop::Stop;
use crate::error::chain;

/// For how long an answer of the database counts, so that many who ask cost it no more than one.
const FRESH: Duration = Duration::from_millis(500);

/// Answers for the process. Clones are the same.
#[derive(Clone)]
pub(super) struct Health {
    inner: Arc<Inner>,
}

struct Inner {
    tenants: Arc<dyn TenantRepository>,
    timeout: Duration,
    stop: Stop,
    state: watch::Sender<Asked>,
}

/// What is known of the database.
#[derive(Clone, Copy)]
struct Asked {
    /// Whether it is being asked right now. It is asked once at a time, however long it takes to answer.
    running: bool,
    last: Option<(Instant, Result<(), Unready>)>,
}

/// Why requests should go elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unready {
    Stopping,
    Unreachable,
    Slow,
    NotSetUp,
    Failing,
}

impl Unready {
    fn reason(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Unreachable => "database_unreachable",
            Self::Slow => "database_slow",
            Self::NotSetUp => "not_set_up",
            Self::Failing => "database_failing",
        }
    }
}

impl Health {
    pub(super) fn new(tenants: Arc<dyn TenantRepository>, timeout: Duration, stop: Stop) -> Self {
        let (state, _) = watch::channel(Asked {
            running: false,
            last: None,
        });
        let inner = Inner {
            tenants,
            timeout,
            stop,
            state,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The two paths. They ask for no operator, and tell no more than a code.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route(
                "/health/live",
                get(async || answer(StatusCode::OK, "live", None)),
            )
            .route("/health/ready", get(ready))
            .with_state(self)
    }

    async fn state(&self) -> Result<(), Unready> {
        if self.inner.stop.is_asked() {
            return Err(Unready::Stopping);
        }
        let began = Instant::now();
        let mut state = self.inner.state.subscribe();
        let mut begins = false;
        self.inner.state.send_if_modified(|asked| {
            let fresh = asked.last.is_some_and(|(at, _)| at.elapsed() < FRESH);
            begins = !asked.running && !fresh;
            asked.running |= begins;
            false
        });
        if begins {
            // Not part of this request, which may be dropped: the next one would ask again.
            tokio::spawn(self.clone().ask());
        }
        let answered = state.wait_for(|asked| {
            let recent = |(at, _): (Instant, _)| at >= began || at.elapsed() < FRESH;
            asked.last.is_some_and(recent)
        });
        match tokio::time::timeout(self.inner.timeout, answered).await {
            Ok(Ok(asked)) => asked.last.map_or(Err(Unready::Slow), |(_, state)| state),
            _ => Err(Unready::Slow),
        }
    }

    async fn ask(self) {
        let page = PageSize::new(1).unwrap_or_default();
        let listing = TenantFilter::default();
        let listed = self
            .inner
            .tenants
            .list(&listing, PageRequest::first(page))
            .await;
        let found = match &listed {
            Ok(_) => Ok(()),
            Err(RepositoryError::NotSetUp { .. }) => Err(Unready::NotSetUp),
            Err(RepositoryError::Unavailable { .. }) => Err(Unready::Unreachable),
            Err(_) => Err(Unready::Failing),
        };
        self.inner.state.send_modify(|asked| {
            let before = asked.last.map(|(_, state)| state);
            if before != Some(found) {
                match &listed {
                    Ok(_) => info!("the database answers: ready"),
                    Err(error) => warn!(error = chain(error).join(": "), "not ready"),
                }
            }
            asked.running = false;
            asked.last = Some((Instant::now(), found));
        });
    }
}

async fn ready(State(health): State<Health>) -> Response {
    match health.state().await {
        Ok(()) => answer(StatusCode::OK, "ready", None),
        Err(unready) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "unready",
            Some(unready.reason()),
        ),
    }
}

fn answer(status: StatusCode, word: &str, reason: Option<&str>) -> Response {
    let body = match reason {
        Some(reason) => json!({ "status": word, "reason": reason }),
        None => json!({ "status": word }),
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
