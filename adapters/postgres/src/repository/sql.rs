//! The repository's statements. Every table is named with its schema, so no path matters.

use tenantry::{PageRequest, Slug, Tenant, TenantFilter, TenantId, Version};

use super::statement::Statement;
use crate::SharedSchema;

pub(crate) const TABLE: &str = "tenantry_tenants";
pub(crate) const SLUG_KEY: &str = "tenantry_tenants_slug_key";

const COLUMNS: &str = "id, slug, name, status, version, created_at, provisioned_at, settings";

pub(super) fn table(shared: &SharedSchema) -> String {
    format!("{}.{TABLE}", shared.quoted())
}

pub(super) fn insert(table: &str, tenant: &Tenant) -> Statement {
    Statement::new(format!("INSERT INTO {table} ({COLUMNS}) VALUES ("))
        .uuid(tenant.id().as_uuid())
        .sql(", ")
        .text(tenant.slug().as_str())
        .sql(", ")
        .text(tenant.name().as_str())
        .sql(", ")
        .text(tenant.status().as_str())
        .sql(", ")
        .number(tenant.version().number())
        .sql(", ")
        .time(tenant.created_at())
        .sql(", ")
        .optional_time(tenant.provisioned_at())
        .sql(", ")
        .json(tenant.settings().to_value())
        .sql(") RETURNING true AS changed, version AS found")
}

/// Whether the table is there, with every column that these statements use.
pub(super) fn is_set_up(table: &str) -> Statement {
    let columns: Vec<String> = COLUMNS.split(", ").map(str::to_owned).collect();
    let count = i64::try_from(columns.len()).unwrap_or(i64::MAX);
    Statement::new(
        "SELECT count(*) FILTER (WHERE NOT a.attisdropped) = ",
    )
    .number(count)
    .sql(" AS changed, NULL::int8 AS found FROM pg_attribute AS a WHERE a.attrelid = to_regclass(")
    .text(table)
    .sql(") AND a.attname = ANY (")
    .texts(columns)
    .sql("::name[])")
}

pub(super) fn find(table: &str, id: TenantId) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE id = ")).uuid(id.as_uuid())
}

pub(super) fn find_by_slug(table: &str, slug: &Slug) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE slug = ")).text(slug.as_str())
}

/// One row more than the page holds tells whether there is a next one. ASCII letters alone are folded, on both sides,
/// and nothing in the search text is a pattern.
pub(super) fn list(table: &str, filter: &TenantFilter, page: PageRequest) -> Statement {
    let TenantFilter { statuses, search } = filter;
    let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE true"));
    if let Some(cursor) = page.after {
        statement = statement
            .sql(" AND id > ")
            .uuid(cursor.last_seen().as_uuid());
    }
    if !statuses.is_empty() {
        let statuses = statuses.iter().map(|status| status.as_str().to_owned());
        statement = statement
            .sql(" AND status = ANY (")
            .texts(statuses.collect())
            .sql(")");
    }
    if let Some(search) = search {
        let folded = search.to_ascii_lowercase();
        statement = statement
            .sql(" AND (strpos(lower(slug COLLATE \"C\"), ")
            .text(folded.clone())
            .sql(") > 0 OR strpos(lower(name COLLATE \"C\"), ")
            .text(folded)
            .sql(") > 0)");
    }
    statement
        .sql(" ORDER BY id LIMIT ")
        .number(i64::from(page.size.number()) + 1)
}

/// The row's lock makes `found` what it is after whoever changes it at the same time, not what it was before.
pub(super) fn update(table: &str, tenant: &Tenant, expected: Version) -> Statement {
    let changed = Statement::new(format!("WITH changed AS (UPDATE {table} SET name = "))
        .text(tenant.name().as_str())
        .sql(", status = ")
        .text(tenant.status().as_str())
        .sql(", version = ")
        .number(tenant.version().number())
        .sql(", provisioned_at = ")
        .optional_time(tenant.provisioned_at())
        .sql(", settings = ")
        .json(tenant.settings().to_value());
    if_unchanged(changed, table, tenant.id(), expected)
}

pub(super) fn remove(table: &str, id: TenantId, expected: Version) -> Statement {
    let changed = Statement::new(format!("WITH changed AS (DELETE FROM {table}"));
    if_unchanged(changed, table, id, expected)
}

fn if_unchanged(changed: Statement, table: &str, id: TenantId, expected: Version) -> Statement {
    changed
        .sql(" WHERE id = ")
        .uuid(id.as_uuid())
        .sql(" AND version = ")
        .number(expected.number())
        .sql(format!(
            " RETURNING id), found AS (SELECT version FROM {table} WHERE id = "
        ))
        .uuid(id.as_uuid())
        .sql(
            " FOR UPDATE) SELECT EXISTS (SELECT FROM changed) AS changed, \
             (SELECT version FROM found) AS found",
        )
}
