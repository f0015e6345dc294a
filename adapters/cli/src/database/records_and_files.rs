//! What can be wrong with a folder of SQLite files: records and files that don't belong together.

use std::collections::BTreeMap;

use tenantry::ports::{
    FoundSchema, Mark, RepositoryError, SchemaProvider, SchemaState, TenantRepository,
};
use tenantry::{PageRequest, PageSize, SchemaName, Tenant, TenantFilter};

use crate::error::CliError;
use crate::finding::Finding;

/// Compares the records with the files. Changes nothing.
pub(crate) async fn examine(
    repository: &dyn TenantRepository,
    schemas: &dyn SchemaProvider,
) -> Result<Vec<Finding>, CliError> {
    let tenants = match all_tenants(repository).await {
        Err(RepositoryError::NotSetUp { .. }) => {
            let problem = "the tables that tenants are recorded in are missing";
            return Ok(vec![Finding::error(problem, "run: tenantry setup")]);
        }
        tenants => tenants?,
    };
    let mut findings = Vec::new();
    for tenant in tenants.values() {
        findings.extend(examine_one(schemas, tenant).await?);
    }
    let found = schemas.list().await?;
    findings.extend(found.iter().filter_map(|schema| unowned(schema, &tenants)));
    Ok(findings)
}

async fn all_tenants(
    repository: &dyn TenantRepository,
) -> Result<BTreeMap<SchemaName, Tenant>, RepositoryError> {
    let mut tenants = BTreeMap::new();
    let mut request = Some(PageRequest::first(PageSize::default()));
    while let Some(page) = request.take() {
        let found = repository.list(&TenantFilter::default(), page).await?;
        tenants.extend(
            found
                .items
                .into_iter()
                .map(|tenant| (tenant.schema().name, tenant)),
        );
        request = page.following(found.next)?;
    }
    Ok(tenants)
}

async fn examine_one(
    schemas: &dyn SchemaProvider,
    tenant: &Tenant,
) -> Result<Option<Finding>, CliError> {
    let (slug, schema) = (tenant.slug(), tenant.schema().name);
    Ok(
        match (
            schemas.inspect(&tenant.schema()).await?,
            tenant.provisioned_at(),
        ) {
            (SchemaState::Missing, Some(_)) => Some(Finding::error(
                format!("{schema} of tenant {slug} is missing"),
                "restore it from a backup, or suspend, delete and purge the tenant",
            )),
            (SchemaState::Foreign { mark }, _) => Some(Finding::error(
                format!("{schema} isn't tenant {slug}'s: it {mark}"),
                "put the tenant's own back in its place",
            )),
            (SchemaState::Ours { pending }, Some(_)) if !pending.is_empty() => {
                Some(Finding::warning(
                    format!(
                        "{schema} of tenant {slug} lacks {} migrations",
                        pending.len()
                    ),
                    "run: tenantry migrate",
                ))
            }
            (SchemaState::Ours { .. }, None) => Some(Finding::warning(
                format!("{schema} is there, but tenant {slug} isn't recorded as provisioned"),
                format!("run: tenantry tenant provision {slug}"),
            )),
            _ => None,
        },
    )
}

/// A schema that no recorded tenant has.
fn unowned(found: &FoundSchema, tenants: &BTreeMap<SchemaName, Tenant>) -> Option<Finding> {
    if tenants.contains_key(&found.name) {
        return None;
    }
    let problem = match &found.mark {
        Mark::Tenant(id) => format!("{} belongs to tenant {id}, who isn't recorded", found.name),
        mark => format!("{} isn't of any tenant: it {mark}", found.name),
    };
    Some(Finding::warning(
        problem,
        "look into it, then move it away or drop it by hand",
    ))
}
