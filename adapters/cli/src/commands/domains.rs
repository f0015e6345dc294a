use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::domains::{DomainChallenge, DomainClaim, DomainService, DomainServiceError, Recheck};
use tenantry::ports::{DomainProof, DomainProver};
use tenantry::resolution::DomainName;
use tenantry::{Actor, PageSize, Tenant};

use super::recorded::{Act, recorded};
use crate::args::{DomainArgs, DomainsCommand, ResolverArgs};
use crate::database::{Database, find};
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
        DomainsCommand::Claim(args) => claim(database, args, actor, output)?,
        DomainsCommand::Check { domain, resolver } => {
            let dns = Dns::of(database, resolver)?;
            let (tenant, claim) = one(database, domain, "domain.check", actor, |tenant| {
                dns.on(|domains| domains.verify(tenant.id(), &domain.domain))
            })?;
            let text = format!("{} is {}'s", claim.domain, tenant.slug());
            output.answer(&text, &value_of(&claim))?;
        }
        DomainsCommand::Recheck {
            older_than,
            limit,
            resolver,
        } => {
            let dns = Dns::of(database, resolver)?;
            recheck(database, &dns, older_than.0, *limit, actor, output)?;
        }
        DomainsCommand::Release(args) => {
            let domains = without_dns(database);
            let (tenant, ()) = one(database, args, "domain.release", actor, |tenant| {
                block_on(async {
                    domains.find(tenant.id(), &args.domain).await?;
                    domains.release(tenant.id(), &args.domain).await
                })
            })?;
            let text = format!("{} is {}'s no more", args.domain, tenant.slug());
            output.answer(&text, &json!({ "released": args.domain }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn claim(
    database: &Database,
    args: &DomainArgs,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let (domain, domains) = (args.domain.clone(), without_dns(database));
    let (tenant, claim) = one(database, args, "domain.claim", actor, |tenant| {
        block_on(domains.claim(tenant.id(), domain))
    })?;
    let ((record, value), slug) = (record_of(&claim), tenant.slug());
    let text = format!(
        "claimed for {slug}; publish this record, then run: tenantry domains check {slug} {}\n{record}. TXT \"{value}\"",
        claim.domain
    );
    output.answer(&text, &value_of(&claim))
}

fn recheck(
    database: &Database,
    dns: &Dns,
    older_than: Duration,
    limit: u16,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let target = "verified domains";
    let act = Act::in_chain(actor, AuditChain::Shared, "domains.recheck", &target);
    let size = PageSize::new(limit).unwrap_or_default();
    let found = recorded(database, &act, || {
        dns.on(|domains| domains.recheck(older_than, size))
    })?;
    let Recheck {
        proven,
        in_grace,
        unreachable,
        lapsed,
    } = &found;
    let text = format!(
        "{proven} proven again, {in_grace} without their record and still their tenants', {unreachable} without an answer, {} lapsed",
        lapsed.len()
    );
    let values: Vec<_> = lapsed.iter().map(value_of).collect();
    let value = json!({
        "proven": proven, "in_grace": in_grace, "unreachable": unreachable, "lapsed": values,
    });
    output.answer(&text, &value)?;
    for claim in lapsed {
        let text = format!("{} is tenant {}'s no more", claim.domain, claim.tenant);
        output.doubtful(&text)?;
    }
    Ok(())
}

/// The service with a prover, and what its futures need to run.
struct Dns {
    domains: DomainService,
    #[cfg(feature = "dns")]
    runtime: tokio::runtime::Runtime,
}

impl Dns {
    #[cfg(feature = "dns")]
    fn of(database: &Database, args: &ResolverArgs) -> Result<Self, CliError> {
        use tenantry_dns::DnsProver;

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(CliError::System)?;
        let prover = match args.resolver {
            Some(resolver) => DnsProver::asking([resolver])?,
            None => DnsProver::of_the_system()?,
        };
        let domains = database.domains(Arc::new(prover));
        Ok(Self { domains, runtime })
    }

    #[cfg(not(feature = "dns"))]
    fn of(database: &Database, args: &ResolverArgs) -> Result<Self, CliError> {
        let (_, _) = (database, args.resolver);
        Err(CliError::BuiltWithoutDns)
    }

    fn on<'d, F: Future>(&'d self, work: impl FnOnce(&'d DomainService) -> F) -> F::Output {
        let work = work(&self.domains);
        #[cfg(feature = "dns")]
        return self.runtime.block_on(work);
        #[cfg(not(feature = "dns"))]
        block_on(work)
    }
}

/// For what asks no DNS.
fn without_dns(database: &Database) -> DomainService {
    struct Nobody;

    #[async_trait]
    impl DomainProver for Nobody {
        async fn prove(&self, _: &DomainName, _: &DomainChallenge) -> DomainProof {
            DomainProof::Unreachable
        }
    }

    database.domains(Arc::new(Nobody))
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
    let chain = AuditChain::Tenant(tenant.id());
    let act = Act::in_chain(actor, chain, action, &args.domain);
    let done = recorded(database, &act, || work(&tenant))?;
    Ok((tenant, done))
}

fn list(database: &Database, tenant: &Tenant, output: &mut Output) -> Result<(), CliError> {
    let domains = without_dns(database);
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
