use std::process::ExitCode;
use std::sync::Arc;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::domains::{DomainChallenge, DomainClaim, DomainServiceError};
use tenantry::{Actor, PageSize, Tenant};

use super::recorded::{Act, recorded};
use crate::args::{DomainArgs, DomainsCommand};
use crate::database::{Database, find};
use crate::dns::DnsProver;
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(
    database: &Database,
    command: &DomainsCommand,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match command {
        DomainsCommand::List(tenant) => {
            list(database, &find(database.service(), &tenant.tenant)?, output)?;
        }
        DomainsCommand::Claim(args) => {
            let (domain, domains) = (args.domain.clone(), database.domains(system()));
            let (tenant, claim) = one(database, args, "domain.claim", actor, |tenant| {
                block_on(domains.claim(tenant.id(), domain))
            })?;
            let (record, value) = record_of(&claim);
            let text = format!(
                "claimed for {}; publish this record, then run: tenantry domains check {} {}\n{record}. TXT \"{value}\"",
                tenant.slug(),
                tenant.slug(),
                claim.domain
            );
            output.answer(&text, &value_of(&claim))?;
        }
        DomainsCommand::Check { domain, resolver } => {
            let prover = resolver.map_or_else(system, |server| Arc::new(DnsProver::asking(server)));
            let domains = database.domains(prover);
            let (tenant, claim) = one(database, domain, "domain.check", actor, |tenant| {
                block_on(domains.verify(tenant.id(), &domain.domain))
            })?;
            let text = format!("{} is {}'s", claim.domain, tenant.slug());
            output.answer(&text, &value_of(&claim))?;
        }
        DomainsCommand::Release(args) => {
            let domains = database.domains(system());
            let (tenant, ()) = one(database, args, "domain.release", actor, |tenant| {
                block_on(domains.release(tenant.id(), &args.domain))
            })?;
            let text = format!("{} is {}'s no more", args.domain, tenant.slug());
            output.answer(&text, &json!({ "released": args.domain }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn system() -> Arc<DnsProver> {
    Arc::new(DnsProver::of_system())
}

/// Does something to one domain of one tenant.
fn one<T>(
    database: &Database,
    args: &DomainArgs,
    action: &'static str,
    actor: &Actor,
    work: impl FnOnce(&Tenant) -> Result<T, DomainServiceError>,
) -> Result<(Tenant, T), CliError> {
    let tenant = find(database.service(), &args.tenant.tenant)?;
    let act = Act {
        actor,
        chain: AuditChain::Tenant(tenant.id()),
        action,
        target: &args.domain,
        detail: json!({}),
    };
    let done = recorded(database, &act, || work(&tenant))?;
    Ok((tenant, done))
}

fn list(database: &Database, tenant: &Tenant, output: &mut Output) -> Result<(), CliError> {
    let domains = database.domains(system());
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(domains.list(tenant.id(), after.take(), PageSize::LARGEST))?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.domain.clone());
        found.extend(page);
    }
    let row = |claim: &DomainClaim| {
        let (record, value) = record_of(claim);
        let proven = claim
            .proven_at
            .map_or_else(|| "no".to_owned(), |at| format!("since {at}"));
        vec![claim.domain.to_string(), proven, record, value]
    };
    let rows = found.iter().map(row).collect();
    let values: Vec<_> = found.iter().map(value_of).collect();
    let heading = ["domain", "is its own", "record", "says"];
    output.table(&heading, rows, &json!(values))
}

fn record_of(claim: &DomainClaim) -> (String, String) {
    let record = DomainChallenge::record_name(&claim.domain);
    (record, claim.challenge.value())
}

fn value_of(claim: &DomainClaim) -> Value {
    let (record, value) = record_of(claim);
    json!({
        "domain": claim.domain, "tenant": claim.tenant, "verified": claim.is_verified(), "record": record,
        "value": value, "claimed_at": claim.claimed_at, "proven_at": claim.proven_at,
        "checked_at": claim.checked_at,
    })
}
