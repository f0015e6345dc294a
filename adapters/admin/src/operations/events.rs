use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_lite::Stream;
use futures_lite::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::{IntoParams, ToSchema};

use super::{OperationId, OperationRecord, OperationState, Operations, visible};
use crate::access::{Operator, Right, Standing};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::refusal::Refusal;
use crate::state::Admin;

/// How often another process's operation is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// Watch an operation: an event each time that it is further, until it has ended.
///
/// Each event is the whole operation as it is then, so that none is missed by missing some; its id is the revision.
/// `Last-Event-ID` goes on after one. Whoever has the last one already is answered 204, after which a browser asks no more.
#[utoipa::path(
    get,
    path = "/api/operations/{operation}/events",
    operation_id = "watch_operation",
    params(LastSeen),
    responses(
        (status = 200, description = "Events named `progress`, and at the end one named as the state that it ended in.",
            body = EventView, content_type = "text/event-stream"),
        (status = 204, description = "It has ended, and the last event was seen."))
)]
pub(super) async fn watch(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    InPath(id): InPath<OperationId>,
    standing: Standing,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let seen = last_seen(&headers)?;
    let record = visible(&operator, admin.operations.find(id).await?)?;
    if record.has_ended() && seen >= record.revision {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let watching = Watching {
        _permit: admin.operations.stream()?,
        here: admin.operations.here(id),
        operations: admin.operations.clone(),
        standing,
        id,
        seen,
        over: false,
    };
    let sse = Sse::new(watching.events()).keep_alive(KeepAlive::default());
    Ok(sse.into_response())
}

/// Where to go on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "what the handler reads, as the document shows it")]
struct LastSeen {
    /// The id of the last event that was seen.
    #[param(rename = "Last-Event-ID", pattern = "^[0-9]{1,18}$", nullable = false)]
    last_event_id: Option<String>,
}

/// An event.
#[derive(ToSchema)]
#[schema(as = Event)]
#[expect(dead_code, reason = "the shape of an event, as the document shows it")]
struct EventView {
    /// The operation's revision.
    id: String,
    /// `progress`, `done`, `failed` or `interrupted`.
    event: String,
    /// The operation, as JSON.
    data: String,
}

fn last_seen(headers: &HeaderMap) -> Result<u64, Refusal> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(0);
    };
    let digits = |text: &&str| text.len() <= 18 && text.bytes().all(|it| it.is_ascii_digit());
    let text = value.to_str().ok().filter(digits);
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| PartRefusal::EventIdMalformed.into())
}

struct Watching {
    _permit: OwnedSemaphorePermit,
    operations: Operations,
    standing: Standing,
    here: Option<watch::Receiver<OperationRecord>>,
    id: OperationId,
    seen: u64,
    over: bool,
}

impl Watching {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut watching| async move {
            if watching.over {
                return None;
            }
            let record = watching.next().await?;
            let operator = watching.standing.with(&[Right::Read]).await.ok()?;
            let record = visible(&operator, record).ok()?;
            watching.seen = record.revision;
            watching.over = record.has_ended();
            Some((Ok(event_of(&record)), watching))
        })
    }

    /// The operation once it is further; none if that can't be told any more.
    async fn next(&mut self) -> Option<OperationRecord> {
        loop {
            let record = match &mut self.here {
                Some(here) => here.borrow_and_update().clone(),
                None => self.operations.find(self.id).await.ok()?,
            };
            if record.revision > self.seen {
                return Some(record);
            }
            if record.has_ended() {
                return None;
            }
            match &mut self.here {
                Some(here) => {
                    if here.changed().await.is_err() {
                        self.here = None;
                    }
                }
                None => tokio::time::sleep(GLANCE).await,
            }
        }
    }
}

fn event_of(record: &OperationRecord) -> Event {
    let name = match record.state {
        OperationState::Running => "progress",
        OperationState::Done => "done",
        OperationState::Failed => "failed",
        OperationState::Interrupted => "interrupted",
    };
    let data = serde_json::to_string(record).unwrap_or_default();
    Event::default()
        .id(record.revision.to_string())
        .event(name)
        .data(data)
}
