use std::io::Read;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::jobs::{JobEnvelope, JobId, JobPayload};
use tenantry::ports::{Clock, Enqueued, Randomness};
use tenantry::{Actor, TenantContext};
use tenantry_memory::{RandomBits, SystemClock};

use crate::args::{PutArgs, ScopeArgs};
use crate::commands::recorded::{Act, chain_of, recorded};
use crate::database::{Database, find};
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(
    database: &Database,
    args: &PutArgs,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let job = envelope(args, context(database, &args.scope, actor)?, actor)?;
    let id = job.id();
    let act = Act::in_chain(actor, chain_of(job.scope()), "job.put", &id);
    let act = act.with(json!({ "kind": job.kind() }));
    let put = recorded(database, &act, || block_on(database.queue().enqueue(&job)))?;
    let (id, new) = match put {
        Enqueued::New => (id, true),
        Enqueued::AlreadyThere(id) => (id, false),
    };
    let text = if new {
        format!("put in: {id}")
    } else {
        format!("nothing was put in: {id} is there already")
    };
    output.answer(&text, &json!({ "job": id, "new": new }))
}

/// The tenant's, which has to be active, as if its application had put the job in; none for the shared scope.
fn context(
    database: &Database,
    scope: &ScopeArgs,
    actor: &Actor,
) -> Result<Option<TenantContext>, CliError> {
    let Some(given) = &scope.tenant else {
        return Ok(None);
    };
    let tenant = find(database.service(), given)?;
    let context = TenantContext::of(&tenant, actor.clone()).map_err(CliError::Context)?;
    Ok(Some(context))
}

fn envelope(
    args: &PutArgs,
    context: Option<TenantContext>,
    actor: &Actor,
) -> Result<JobEnvelope, CliError> {
    let PutArgs {
        kind,
        payload,
        scope: _,
        priority,
        run_at,
        unique,
        max_attempts,
        id,
    } = args;
    let now = SystemClock.now();
    let (id, kind, payload) = (
        id.unwrap_or_else(new_id),
        kind.clone(),
        read_payload(payload)?,
    );
    let mut job = match context {
        Some(context) => JobEnvelope::in_tenant(&context, id, kind, payload, now),
        None => JobEnvelope::shared_on_purpose(actor.clone(), id, kind, payload, now),
    };
    job = job.with_priority(*priority);
    if let Some(run_at) = run_at {
        job = job.with_run_at(*run_at);
    }
    if let Some(key) = unique {
        job = job.with_unique_key(key.clone());
    }
    if let Some(most) = max_attempts {
        job = job.with_max_attempts(*most);
    }
    Ok(job)
}

fn new_id() -> JobId {
    let random = RandomBits::new();
    let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
    let bytes = bits.to_be_bytes();
    JobId::from_parts(SystemClock.now(), std::array::from_fn(|index| bytes[index]))
}

pub(crate) fn read_payload(payload: &str) -> Result<JobPayload, CliError> {
    if payload != "-" {
        return JobPayload::from_json(payload).map_err(CliError::Payload);
    }
    let mut text = String::new();
    // One more than may be is enough to see that it is too much.
    let most = JobPayload::MAX_BYTES as u64 + 1;
    let mut input = std::io::stdin().lock().take(most);
    input.read_to_string(&mut text).map_err(CliError::Input)?;
    JobPayload::from_json(text).map_err(CliError::Payload)
}
