//! The statements. The table is named with its schema, so no path matters.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid};
use tenantry::domains::{DomainChallenge, DomainClaim};
use tenantry::resolution::DomainName;
use tenantry::{BoxError, PageSize, TenantId};

use crate::SharedSchema;
use crate::repository::statement::Statement;

/// Keeps a domain from being two tenants'.
pub(super) const VERIFIED: &str = "tenantry_domains_verified";

const COLUMNS: &str = "tenant_id, domain, challenge, claimed_at, proven_at, checked_at";

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Uuid)]
    tenant_id: uuid::Uuid,
    #[diesel(sql_type = Text)]
    domain: String,
    #[diesel(sql_type = Text)]
    challenge: String,
    #[diesel(sql_type = Timestamptz)]
    claimed_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    proven_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    checked_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
pub(super) struct Owner {
    #[diesel(sql_type = Uuid)]
    pub(super) tenant_id: uuid::Uuid,
}

/// How many rows a statement changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = BigInt)]
    pub(super) changed: i64,
}

impl TryFrom<Row> for DomainClaim {
    type Error = BoxError;

    fn try_from(row: Row) -> Result<Self, BoxError> {
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id)?,
            domain: DomainName::new(&row.domain)?,
            challenge: DomainChallenge::from_value(&row.challenge)?,
            claimed_at: row.claimed_at,
            proven_at: row.proven_at,
            checked_at: row.checked_at,
        })
    }
}

pub(super) fn table(shared: &SharedSchema) -> String {
    format!("{}.tenantry_domains", shared.quoted())
}

/// Whoever claimed it before is given back unchanged: a row that is only read isn't seen while another puts it in.
pub(super) fn claim(table: &str, claim: &DomainClaim) -> Statement {
    let DomainClaim {
        tenant,
        domain,
        challenge,
        claimed_at,
        proven_at,
        checked_at,
    } = claim;
    Statement::new(format!("INSERT INTO {table} ({COLUMNS}) VALUES ("))
        .uuid(tenant.as_uuid())
        .sql(", ")
        .text(domain.as_str())
        .sql(", ")
        .text(challenge.value())
        .sql(", ")
        .time(*claimed_at)
        .sql(", ")
        .optional_time(*proven_at)
        .sql(", ")
        .optional_time(*checked_at)
        .sql(format!(
            ") ON CONFLICT (tenant_id, domain) DO UPDATE SET domain = excluded.domain RETURNING {COLUMNS}"
        ))
}

pub(super) fn find(table: &str, tenant: TenantId, domain: &DomainName) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE tenant_id = "))
        .uuid(tenant.as_uuid())
        .sql(" AND domain = ")
        .text(domain.as_str())
}

pub(super) fn verified(table: &str, domain: &DomainName) -> Statement {
    Statement::new(format!(
        "SELECT {COLUMNS} FROM {table} WHERE proven_at IS NOT NULL AND domain = "
    ))
    .text(domain.as_str())
}

pub(super) fn owner_of(table: &str, domain: &DomainName) -> Statement {
    Statement::new(format!(
        "SELECT tenant_id FROM {table} WHERE proven_at IS NOT NULL AND domain = "
    ))
    .text(domain.as_str())
}

pub(super) fn list(
    table: &str,
    tenant: TenantId,
    after: Option<DomainName>,
    size: PageSize,
) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE tenant_id = "))
        .uuid(tenant.as_uuid());
    let statement = match after {
        Some(after) => statement.sql(" AND domain > ").text(after.as_str()),
        None => statement,
    };
    limited(statement.sql(" ORDER BY domain"), size)
}

pub(super) fn unchecked_since(table: &str, before: DateTime<Utc>, size: PageSize) -> Statement {
    let statement = Statement::new(format!(
        "SELECT {COLUMNS} FROM {table} WHERE proven_at IS NOT NULL AND checked_at < "
    ))
    .time(before)
    .sql(" ORDER BY checked_at, tenant_id, domain");
    limited(statement, size)
}

/// The challenge tells a claim from a later one of the same tenant.
pub(super) fn record(table: &str, next: &DomainClaim, before: &DomainClaim) -> Statement {
    Statement::new(format!("WITH done AS (UPDATE {table} SET proven_at = "))
        .optional_time(next.proven_at)
        .sql(", checked_at = ")
        .optional_time(next.checked_at)
        .sql(" WHERE tenant_id = ")
        .uuid(before.tenant.as_uuid())
        .sql(" AND domain = ")
        .text(before.domain.as_str())
        .sql(" AND challenge = ")
        .text(before.challenge.value())
        .sql(" AND proven_at IS NOT DISTINCT FROM ")
        .optional_time(before.proven_at)
        .sql(" AND checked_at IS NOT DISTINCT FROM ")
        .optional_time(before.checked_at)
        .sql(" RETURNING domain) SELECT count(*) AS changed FROM done")
}

pub(super) fn release(table: &str, tenant: TenantId, domain: &DomainName) -> Statement {
    deleting(table, tenant)
        .sql(" AND domain = ")
        .text(domain.as_str())
        .sql(" RETURNING domain) SELECT count(*) AS changed FROM done")
}

pub(super) fn forget(table: &str, tenant: TenantId) -> Statement {
    deleting(table, tenant).sql(" RETURNING domain) SELECT count(*) AS changed FROM done")
}

fn deleting(table: &str, tenant: TenantId) -> Statement {
    Statement::new(format!(
        "WITH done AS (DELETE FROM {table} WHERE tenant_id = "
    ))
    .uuid(tenant.as_uuid())
}

fn limited(statement: Statement, size: PageSize) -> Statement {
    statement.sql(" LIMIT ").number(i64::from(size.number()))
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("domains_{name}"), &shown);
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let table = &table(&SharedSchema::default());
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
        let tenant = TenantId::from_parts(now, [1; 10]);
        let domain = DomainName::new("shop.example.com").expect("a domain");
        let before = DomainClaim {
            tenant,
            domain: domain.clone(),
            challenge: DomainChallenge::of_secret(&[7; 32]),
            claimed_at: now,
            proven_at: None,
            checked_at: None,
        };
        let next = DomainClaim {
            proven_at: Some(now),
            checked_at: Some(now),
            ..before.clone()
        };
        let size = PageSize::default();
        assert_statement("claim", &claim(table, &before));
        assert_statement("find", &find(table, tenant, &domain));
        assert_statement("verified", &verified(table, &domain));
        assert_statement("owner_of", &owner_of(table, &domain));
        assert_statement("list", &list(table, tenant, Some(domain.clone()), size));
        assert_statement("unchecked_since", &unchecked_since(table, now, size));
        assert_statement("record", &record(table, &next, &before));
        assert_statement("release", &release(table, tenant, &domain));
        assert_statement("forget", &forget(table, tenant));
    }
}
