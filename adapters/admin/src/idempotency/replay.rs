use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tenantry::{Digest, TenantId};
use tracing::{Instrument, Span};

use super::{Begun, IdempotencyKey, IdempotencyStore, KeptAnswer, digest_of};
use crate::access::Operator;
use crate::body::read;
use crate::refusal::Refusal;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Does changes to their end, also when whoever asked has gone: a change that is stored but not told, or a tenant that is
/// recorded but not provisioned, would be what is left. And does a `POST` with an `Idempotency-Key` once.
pub(crate) async fn to_the_end(
    State(store): State<Arc<dyn IdempotencyStore>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let work = once(store, request, next).instrument(Span::current());
    tokio::spawn(work).await.map_err(|_| Refusal::Panicked)?
}

async fn once(
    store: Arc<dyn IdempotencyStore>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let Some(text) = key_of(request.method(), request.headers())? else {
        return Ok(next.run(request).await);
    };
    let Some(operator) = request.extensions().get::<Operator>() else {
        return Err(Refusal::Unauthenticated);
    };
    let key = IdempotencyKey::of(operator.actor(), text.as_bytes());
    let reach = reach_of(operator);
    let (parts, body) = request.into_parts();
    let body = read(&parts.headers, body).await?;
    let (method, path) = (&parts.method, parts.uri.path());
    let digest = digest_of_request(method, path, &parts.headers, &body, reach);
    let unavailable = |source| Refusal::KeysUnavailable { source };
    match store.begin(key, digest).await.map_err(unavailable)? {
        Begun::First => {}
        Begun::InHand => return Err(Refusal::KeyInUse),
        Begun::OfAnother => return Err(Refusal::KeyReused),
        Begun::Done(answer) => return Ok(replayed(answer)),
    }
    let request = Request::from_parts(parts, Body::from(body));
    // A panic must not leave the key in hand.
    let work = async move { next.run(request).await }.instrument(Span::current());
    if let Ok(response) = tokio::spawn(work).await {
        keep(&*store, key, response).await
    } else {
        forget(&*store, key).await;
        Err(Refusal::Panicked)
    }
}

/// What changed something is answered alike from now on. What changed nothing may be tried again.
async fn keep(
    store: &dyn IdempotencyStore,
    key: IdempotencyKey,
    response: Response,
) -> Result<Response, Refusal> {
    let changed = response.status().is_success() || response.headers().contains_key(LOCATION);
    if !changed {
        forget(store, key).await;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return Err(Refusal::Panicked);
    };
    let headers = parts.headers.iter();
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
    };
    if let Err(error) = store.finish(key, answer).await {
        let error: &dyn std::error::Error = &*error;
        tracing::error!(error, "the answer to an Idempotency-Key couldn't be kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

async fn forget(store: &dyn IdempotencyStore, key: IdempotencyKey) {
    if let Err(error) = store.forget(key).await {
        let error: &dyn std::error::Error = &*error;
        tracing::error!(error, "an Idempotency-Key couldn't be forgotten");
    }
}

fn replayed(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The key of a `POST`, if it has one. On other methods it means nothing: they can be repeated as they are.
fn key_of(method: &Method, headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    const LONGEST: usize = 200;
    if method != Method::POST {
        return Ok(None);
    }
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    let well_formed = visible && !value.is_empty() && value.len() <= LONGEST;
    if well_formed && values.next().is_none() {
        Ok(Some(value.clone()))
    } else {
        Err(Refusal::KeyMalformed)
    }
}

/// Of the tenants that the operator may see: an answer isn't given again to one who lost some since, nor is the work done
/// again.
fn reach_of(operator: &Operator) -> Digest {
    let Some(tenants) = operator.tenants() else {
        return Digest::ZERO;
    };
    let ids: Vec<_> = tenants.iter().map(TenantId::as_uuid).collect();
    let pieces: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    digest_of(&pieces)
}

/// Of all that says what is to be done, and for whom.
fn digest_of_request(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
    reach: Digest,
) -> Digest {
    let based_on: Vec<&[u8]> = headers
        .get_all(IF_MATCH)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let mut pieces = vec![
        method.as_str().as_bytes(),
        path.as_bytes(),
        body,
        reach.as_bytes(),
    ];
    pieces.extend(based_on);
    digest_of(&pieces)
}
