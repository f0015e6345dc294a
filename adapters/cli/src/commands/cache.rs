use std::process::ExitCode;

use serde_json::json;
use tenantry::audit::AuditChain;
use tenantry::cache::{CacheOwner, KeyPattern, OperatorCache, ScanCursor, ScanStep};

use super::recorded::{Act, recorded};
use crate::args::{CacheArgs, CacheCommand, Global, OwnerArgs, PartArgs};
use crate::cache::CacheStore;
use crate::database::{Database, owner_id};
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(
    global: &Global,
    args: &CacheArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let part = match &args.command {
        CacheCommand::Stats(part) | CacheCommand::Flush(part) | CacheCommand::Keys { part, .. } => {
            part
        }
    };
    let store = CacheStore::on_redis(&args.redis)?;
    let cache = part_of(&store, owner(global, &part.owner)?, part)?;
    match &args.command {
        CacheCommand::Stats(_) => stats(&store, &cache, output),
        CacheCommand::Keys {
            part: _,
            pattern,
            after,
            limit,
        } => keys(&store, &cache, (pattern, after.clone(), *limit), output),
        CacheCommand::Flush(_) => flush(global, &store, &cache, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Whose cache is meant.
fn owner(global: &Global, args: &OwnerArgs) -> Result<CacheOwner, CliError> {
    Ok(owner_id(global, args)?.map_or(CacheOwner::Shared, CacheOwner::Tenant))
}

fn part_of(
    store: &CacheStore,
    owner: CacheOwner,
    part: &PartArgs,
) -> Result<OperatorCache, CliError> {
    let whole = store.caches().for_operator(owner);
    part.namespace
        .iter()
        .try_fold(whole, |cache, namespace| cache.namespace(namespace))
        .map_err(CliError::Namespace)
}

fn stats(store: &CacheStore, cache: &OperatorCache, output: &mut Output) -> Result<(), CliError> {
    let usage = store.on(cache.usage())?;
    let (keys, bytes) = (usage.keys, usage.bytes);
    let text = format!("{}: {keys} entries, {bytes} bytes", cache.owner());
    output.answer(&text, &json!({ "keys": keys, "bytes": bytes }))
}

fn keys(
    store: &CacheStore,
    cache: &OperatorCache,
    (pattern, mut next, limit): (&KeyPattern, Option<ScanCursor>, u16),
    output: &mut Output,
) -> Result<(), CliError> {
    let mut keys = std::collections::BTreeSet::new();
    loop {
        let page = store.on(cache.keys(pattern, next, ScanStep::of(limit)))?;
        keys.extend(page.keys.into_iter().map(String::from));
        next = page.next;
        if next.is_none() || keys.len() >= usize::from(limit) {
            break;
        }
    }
    let next = next.as_ref().map(ScanCursor::as_str);
    if output.is_json() {
        return output.value(&json!({ "keys": keys, "next": next }));
    }
    let rows = keys.iter().map(|key| vec![key.escape_debug().to_string()]);
    output.table(&["key"], rows.collect(), &json!(keys))?;
    match next {
        Some(next) => output.aside(&format!("more: --after {next}")),
        None => output.aside("keys of namespaces inside are listed by --namespace"),
    }
}

/// Where a database is named, it is recorded there.
fn flush(
    global: &Global,
    store: &CacheStore,
    cache: &OperatorCache,
    output: &mut Output,
) -> Result<(), CliError> {
    let owner = cache.owner();
    let flush = || store.on(cache.flush());
    let gone = if global.database_url.is_some() {
        let chain = match owner {
            CacheOwner::Tenant(id) => AuditChain::Tenant(id),
            CacheOwner::Shared => AuditChain::Shared,
        };
        let act = Act::in_chain(&global.actor, chain, "cache.flush", &owner);
        recorded(&Database::open(global)?, &act, flush)?
    } else {
        flush()?
    };
    let text = format!("flushed {owner}: {gone} entries went");
    output.answer(&text, &json!({ "flushed": gone }))
}
