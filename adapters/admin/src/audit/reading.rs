use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_lite::stream;
use serde::{Deserialize, Serialize};
use tenantry::audit::{AuditAnchor, AuditChain, AuditError, AuditLog};
use tenantry::{BoxError, Digest, PageSize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Operator, Right, Standing};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid};
use crate::refusal::Refusal;
use crate::state::Part;

/// The log that the path names, where the operator may see it.
pub(super) type Chain = InPath<AuditChain>;

/// The greatest number that every reader of JSON reads as it is.
const MOST: u64 = 9_007_199_254_740_991;

/// Where an export begins.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The number of the entry that the export begins after: from the first one, unless it is given.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    after: u64,
}

/// Export an audit log, from its beginning or from some entry on, as lines of JSON.
///
/// Each line is an entry with its hash and that of the one before. A log outlives its tenant. An answer that ends before
/// its end is cut off, so that it can't be taken for the whole.
#[utoipa::path(
    get,
    path = "/api/audit/{chain}",
    operation_id = "export_audit",
    params(From),
    responses((status = 200, description = "The entries, one a line.", body = String,
        content_type = "application/jsonl"))
)]
pub(super) async fn export(
    Part(log): Part<AuditLog>,
    Extension(operator): Extension<Operator>,
    InPath(chain): Chain,
    standing: Standing,
    Asked(from): Asked<From>,
) -> Result<Response, Refusal> {
    visible(&operator, chain)?;
    let From { after } = from;
    if after > MOST {
        return Err(invalid(format_args!("no entry has a number above {MOST}")));
    }
    // The first page is read before the answer begins, so that a log that is away is a problem and no broken answer.
    let first = page(&log, chain, after).await.map_err(PartRefusal::Audit)?;
    let lines = stream::unfold(Some((log, standing, first)), move |state| async move {
        let (log, standing, (lines, last)) = state?;
        let last = last?;
        let next = next_page(&log, &standing, chain, last).await;
        Some(match next {
            Ok(next) => (Ok(Bytes::from(lines)), Some((log, standing, next))),
            Err(error) => {
                let cause: &dyn std::error::Error = &*error;
                tracing::error!(error = cause, "an export of the audit log was cut off");
                (Err(error), None)
            }
        })
    });
    let kind = [(CONTENT_TYPE, "application/jsonl")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

/// The lines after these, for whoever may still see them.
async fn next_page(
    log: &AuditLog,
    standing: &Standing,
    chain: AuditChain,
    after: u64,
) -> Result<(String, Option<u64>), BoxError> {
    visible(&standing.with(&[Right::Read]).await?, chain)?;
    Ok(page(log, chain, after).await?)
}

/// Some lines, and the number of the last; none after the end.
async fn page(
    log: &AuditLog,
    chain: AuditChain,
    after: u64,
) -> Result<(String, Option<u64>), AuditError> {
    let entries = log.read(chain, after, PageSize::LARGEST).await?;
    let lines = entries.iter().map(|entry| entry.to_line() + "\n");
    Ok((lines.collect(), entries.last().map(|last| last.number)))
}

/// An entry that was noted elsewhere.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Anchor {
    /// An entry that has to be in the log: its number, a colon, and its hash.
    #[param(pattern = "^[1-9][0-9]{0,14}:[0-9a-f]{64}$")]
    anchor: Option<String>,
}

/// A log in which nothing was edited, removed, added or moved.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verification {
    /// How many entries there are.
    entries: u64,
    /// The last one, to be kept where whoever can write the log can't.
    head: Option<Head>,
}

/// An entry of a log.
#[derive(Serialize, ToSchema)]
pub(crate) struct Head {
    /// Its number.
    #[schema(minimum = 1)]
    number: u64,
    /// Its hash.
    #[schema(value_type = String)]
    hash: Digest,
}

/// Verify an audit log: read all of it, and say whether it is what it was.
///
/// A log that isn't is a problem (409), which names the first entry that is wrong. That its end is missing, or that it was
/// written anew, is found by an entry that was noted elsewhere.
#[utoipa::path(
    get,
    path = "/api/audit/{chain}/verification",
    operation_id = "verify_audit",
    params(Anchor),
    responses(
        (status = 200, description = "Nothing is wrong.", body = Verification),
        (status = 409, description = "What is wrong.", body = crate::document::ProblemView,
            content_type = "application/problem+json"))
)]
pub(super) async fn verify(
    Part(log): Part<AuditLog>,
    Extension(operator): Extension<Operator>,
    InPath(chain): Chain,
    Asked(anchor): Asked<Anchor>,
) -> Result<axum::Json<Verification>, Refusal> {
    visible(&operator, chain)?;
    let anchors: Vec<_> = anchor.of(chain)?.into_iter().collect();
    let verified = log.verify(chain, &anchors).await;
    let verified = verified.map_err(PartRefusal::Audit)?;
    let head = verified
        .head
        .map(|AuditAnchor { number, hash, .. }| Head { number, hash });
    Ok(axum::Json(Verification {
        entries: verified.entries,
        head,
    }))
}

impl Anchor {
    fn of(self, chain: AuditChain) -> Result<Option<AuditAnchor>, Refusal> {
        let Some(text) = self.anchor else {
            return Ok(None);
        };
        let parts = text.split_once(':').and_then(|(number, hash)| {
            let number = number
                .parse()
                .ok()
                .filter(|number| (1..=MOST).contains(number));
            Some((number?, hash.parse::<Digest>().ok()?))
        });
        let (number, hash) = parts.ok_or_else(|| {
            invalid("an anchor is the number of an entry, a colon, and the entry's hash")
        })?;
        Ok(Some(AuditAnchor {
            chain,
            number,
            hash,
        }))
    }
}

/// To an operator of some tenants, other tenants' logs aren't there, and the shared one is another's business.
fn visible(operator: &Operator, chain: AuditChain) -> Result<(), Refusal> {
    match chain {
        AuditChain::Tenant(tenant) if operator.reaches(tenant) => Ok(()),
        AuditChain::Tenant(_) => Err(Refusal::TenantUnknown),
        AuditChain::Shared if operator.tenants().is_none() => Ok(()),
        AuditChain::Shared => Err(PartRefusal::NotEverywhere.into()),
    }
}
