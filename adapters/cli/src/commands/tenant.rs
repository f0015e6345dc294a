use std::process::ExitCode;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::provisioning::Provisioned;
use tenantry::{
    Actor, NewTenant, PageRequest, PageSize, Settings, Tenant, TenantFilter, TenantName,
    TenantService,
};

use super::recorded::{Act, recorded};
use crate::args::TenantCommand;
use crate::database::{Database, find};
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(
    database: &Database,
    command: &TenantCommand,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let service = database.service();
    match command {
        TenantCommand::Create {
            slug,
            name,
            settings,
            provision,
        } => {
            if *provision {
                // Before anything is recorded that would be left half-done.
                database.require_migrations()?;
            }
            let name = name.clone().map_or_else(|| name_of(slug.as_str()), Ok)?;
            let new =
                NewTenant::new(*slug, name).with_settings(read_settings(settings.as_deref())?);
            let act = Act::in_chain(actor, AuditChain::Shared, "tenant.create", slug);
            let tenant = recorded(database, &act, || block_on(service.create(new, actor)))?;
            if *provision {
                return provision_one(database, &tenant, actor, output);
            }
            output.tenant(
                &format!("created {} ({})", tenant.slug(), tenant.id()),
                &tenant,
            )?;
        }
        TenantCommand::List {
            status,
            search,
            limit,
        } => {
            let statuses = status.iter().copied().map(Into::into).collect();
            let filter = TenantFilter {
                statuses,
                search: search.clone(),
            };
            list(service, &filter, *limit, output)?;
        }
        TenantCommand::Show(arg) => show(&find(service, &arg.tenant)?, output)?,
        TenantCommand::Provision(arg) => {
            database.require_migrations()?;
            return provision_one(database, &find(service, &arg.tenant)?, actor, output);
        }
        TenantCommand::Suspend(arg) => {
            let tenant = find(service, &arg.tenant)?;
            let act = Act::on_tenant(actor, &tenant, "tenant.suspend");
            let tenant = recorded(database, &act, || {
                block_on(service.suspend(tenant.id(), actor))
            })?;
            output.tenant(&format!("suspended {}", tenant.slug()), &tenant)?;
        }
        TenantCommand::Activate(arg) => {
            let tenant = find(service, &arg.tenant)?;
            let act = Act::on_tenant(actor, &tenant, "tenant.activate");
            let tenant = recorded(database, &act, || {
                block_on(service.activate(tenant.id(), actor))
            })?;
            output.tenant(&format!("activated {}", tenant.slug()), &tenant)?;
        }
        TenantCommand::Delete(arg) => {
            let tenant = find(service, &arg.tenant)?;
            let act = Act::on_tenant(actor, &tenant, "tenant.delete");
            let tenant = recorded(database, &act, || {
                block_on(service.delete(tenant.id(), actor))
            })?;
            let text = format!(
                "deleted {}; purge it to drop its rows and free its slug",
                tenant.slug()
            );
            output.tenant(&text, &tenant)?;
        }
        TenantCommand::Purge { tenant, yes } => {
            if !yes {
                return Err(CliError::PurgeUnconfirmed);
            }
            let tenant = find(service, &tenant.tenant)?;
            let act = Act::on_tenant(actor, &tenant, "tenant.purge");
            let purged = recorded(database, &act, || {
                block_on(service.purge(tenant.id(), actor))
            })?;
            let (slug, id) = (purged.tenant.slug(), purged.tenant.id());
            let text = format!("purged {slug} ({id}); its slug is free");
            output.tenant(&text, &purged.tenant)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn name_of(slug: &str) -> Result<TenantName, CliError> {
    // A slug is a well-formed name, so this never fails; a failure would still be reported.
    TenantName::new(slug).map_err(CliError::database)
}

fn read_settings(json: Option<&str>) -> Result<Settings, CliError> {
    let Some(json) = json else {
        return Ok(Settings::default());
    };
    let value = serde_json::from_str::<Value>(json).map_err(CliError::SettingsJson)?;
    Ok(Settings::new(value)?)
}

fn provision_one(
    database: &Database,
    tenant: &Tenant,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let act = Act::on_tenant(actor, tenant, "tenant.provision");
    let outcome = recorded(database, &act, || {
        block_on(database.service().provision(tenant.id(), actor))
    })?;
    let (text, done, applied) = match &outcome {
        Provisioned::Done { applied, .. } => {
            let count = applied.len();
            (
                format!("provisioned {}: {count} migrations", tenant.slug()),
                true,
                applied.clone(),
            )
        }
        _ => (
            format!("{} was provisioned already", tenant.slug()),
            false,
            Vec::new(),
        ),
    };
    let value = json!({ "tenant": outcome.tenant(), "provisioned": done, "applied": applied });
    output.answer(&text, &value)?;
    Ok(ExitCode::SUCCESS)
}

fn list(
    service: &TenantService,
    filter: &TenantFilter,
    limit: usize,
    output: &mut Output,
) -> Result<(), CliError> {
    let mut found = Vec::new();
    let mut request = Some(PageRequest::first(PageSize::default()));
    while let Some(page) = request.take().filter(|_| found.len() < limit) {
        let tenants = block_on(service.list(filter, page))?;
        found.extend(tenants.items);
        request = page.following(tenants.next)?;
    }
    let more = found.len() > limit || request.is_some();
    found.truncate(limit);
    let rows = found.iter().map(row).collect();
    output.table(
        &["slug", "name", "status", "provisioned", "id"],
        rows,
        &json!(found),
    )?;
    if more {
        output.aside(&format!("only the first {limit}: give --limit to see more"))?;
    }
    Ok(())
}

fn row(tenant: &Tenant) -> Vec<String> {
    vec![
        tenant.slug().to_string(),
        tenant.name().to_string(),
        tenant.status().to_string(),
        tenant
            .provisioned_at()
            .map_or_else(|| "-".to_owned(), |at| at.to_string()),
        tenant.id().to_string(),
    ]
}

fn show(tenant: &Tenant, output: &mut Output) -> Result<(), CliError> {
    let provisioned = tenant
        .provisioned_at()
        .map_or_else(|| "-".to_owned(), |at| at.to_string());
    let rows = [
        ("id", tenant.id().to_string()),
        ("slug", tenant.slug().to_string()),
        ("name", tenant.name().to_string()),
        ("status", tenant.status().to_string()),
        ("schema", tenant.schema().name.to_string()),
        ("created", tenant.created_at().to_string()),
        ("provisioned", provisioned),
        ("version", tenant.version().to_string()),
        ("settings", tenant.settings().to_value().to_string()),
    ];
    output.facts(&rows, &json!(tenant))
}
