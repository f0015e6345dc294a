use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use serde_json::Value;
use tenantry::ports::{RepositoryError, TenantKey};
use tenantry::{
    BoxError, InconsistentTenant, Page, PageRequest, Settings, Slug, Tenant, TenantFilter,
    TenantId, TenantName, TenantParts, Version,
};

use super::Ended;
use crate::SharedConnection;

diesel::table! {
    public.tenantry_tenants (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        status -> Text,
        version -> BigInt,
        created_at -> BigInt,
        provisioned_at -> Nullable<BigInt>,
        settings -> Text,
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = tenantry_tenants)]
struct Row {
    id: String,
    slug: String,
    name: String,
    status: String,
    version: i64,
    created_at: i64,
    provisioned_at: Option<i64>,
    settings: String,
}

pub(super) fn insert(connection: &mut SharedConnection, tenant: Tenant) -> Result<(), Ended> {
    let row = Row::from(tenant.into_parts());
    let taken = tenantry_tenants::table
        .filter(
            tenantry_tenants::id
                .eq(&row.id)
                .or(tenantry_tenants::slug.eq(&row.slug)),
        )
        .order(tenantry_tenants::id.ne(&row.id))
        .first::<Row>(connection)
        .optional()?;
    if let Some(taken) = taken {
        let key = if taken.id == row.id {
            TenantKey::Id(
                taken
                    .parse_id()
                    .map_err(|error| taken.unreadable(None, error))?,
            )
        } else {
            TenantKey::Slug(
                taken
                    .parse_slug()
                    .map_err(|error| taken.unreadable(None, error))?,
            )
        };
        return Err(RepositoryError::AlreadyExists { key }.into());
    }
    diesel::insert_into(tenantry_tenants::table)
        .values(row)
        .execute(connection)?;
    Ok(())
}

pub(super) fn find(connection: &mut SharedConnection, id: TenantId) -> Result<Tenant, Ended> {
    let key = TenantKey::Id(id);
    let row = tenantry_tenants::table
        .filter(tenantry_tenants::id.eq(id.to_string()))
        .first::<Row>(connection)
        .optional()?;
    row.ok_or(RepositoryError::NotFound { key })?
        .into_tenant(Some(key))
}

pub(super) fn find_by_slug(connection: &mut SharedConnection, slug: Slug) -> Result<Tenant, Ended> {
    let key = TenantKey::Slug(slug);
    let row = tenantry_tenants::table
        .filter(tenantry_tenants::slug.eq(slug.as_str()))
        .first::<Row>(connection)
        .optional()?;
    row.ok_or(RepositoryError::NotFound { key })?
        .into_tenant(Some(key))
}

pub(super) fn list(
    connection: &mut SharedConnection,
    filter: &TenantFilter,
    page: PageRequest,
) -> Result<Page<Tenant>, Ended> {
    let TenantFilter { statuses, search } = filter;
    let mut query = tenantry_tenants::table
        .order(tenantry_tenants::id)
        .into_boxed();
    if let Some(cursor) = page.after {
        query = query.filter(tenantry_tenants::id.gt(cursor.last_seen().to_string()));
    }
    if !statuses.is_empty() {
        let statuses: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
        query = query.filter(tenantry_tenants::status.eq_any(statuses));
    }
    if let Some(text) = search {
        // SQLite's lower() is for ASCII alone, and instr() knows no wildcards.
        let text = text.to_ascii_lowercase();
        query = query.filter(
            sql::<Bool>("(instr(lower(slug), ")
                .bind::<Text, _>(text.clone())
                .sql(") > 0 OR instr(lower(name), ")
                .bind::<Text, _>(text)
                .sql(") > 0)"),
        );
    }
    let lookahead = i64::from(page.size.number()) + 1;
    let found = query
        .limit(lookahead)
        .load::<Row>(connection)?
        .into_iter()
        .map(|row| row.into_tenant(None))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_lookahead(found, page.size))
}

pub(super) fn update(
    connection: &mut SharedConnection,
    tenant: Tenant,
    expected: Version,
) -> Result<(), Ended> {
    let id = tenant.id();
    check_version(connection, id, expected)?;
    let Row {
        id: key,
        slug: _,
        name,
        status,
        version,
        created_at: _,
        provisioned_at,
        settings,
    } = Row::from(tenant.into_parts());
    diesel::update(tenantry_tenants::table.filter(tenantry_tenants::id.eq(key)))
        .set((
            tenantry_tenants::name.eq(name),
            tenantry_tenants::status.eq(status),
            tenantry_tenants::version.eq(version),
            tenantry_tenants::provisioned_at.eq(provisioned_at),
            tenantry_tenants::settings.eq(settings),
        ))
        .execute(connection)?;
    Ok(())
}

pub(super) fn remove(
    connection: &mut SharedConnection,
    id: TenantId,
    expected: Version,
) -> Result<(), Ended> {
    check_version(connection, id, expected)?;
    diesel::delete(tenantry_tenants::table.filter(tenantry_tenants::id.eq(id.to_string())))
        .execute(connection)?;
    Ok(())
}

/// The transaction holds the write lock, so what is true here stays true until its end.
fn check_version(
    connection: &mut SharedConnection,
    id: TenantId,
    expected: Version,
) -> Result<(), Ended> {
    let key = TenantKey::Id(id);
    let stored = tenantry_tenants::table
        .filter(tenantry_tenants::id.eq(id.to_string()))
        .select(tenantry_tenants::version)
        .first::<i64>(connection)
        .optional()?
        .ok_or(RepositoryError::NotFound { key })?;
    let found =
        Version::new(stored).map_err(|source| RepositoryError::Inconsistent { key, source })?;
    if found == expected {
        Ok(())
    } else {
        Err(RepositoryError::Stale {
            id,
            expected,
            found,
        }
        .into())
    }
}

impl Row {
    /// The tenant. `asked` is what it was looked for by, for the error.
    fn into_tenant(self, asked: Option<TenantKey>) -> Result<Tenant, Ended> {
        let parts = self
            .parts()
            .map_err(|error| match error.downcast::<InconsistentTenant>() {
                Ok(source) => self.inconsistent(asked, *source),
                Err(source) => self.unreadable(asked, source),
            })?;
        Tenant::restore(parts).map_err(|source| self.inconsistent(asked, source).into())
    }

    fn parts(&self) -> Result<TenantParts, BoxError> {
        let settings: Value = serde_json::from_str(&self.settings)?;
        Ok(TenantParts {
            id: self.parse_id()?,
            slug: self.parse_slug()?,
            name: TenantName::new(self.name.clone())?,
            status: self.status.parse()?,
            version: Version::new(self.version)?,
            created_at: time(self.created_at)?,
            provisioned_at: self.provisioned_at.map(time).transpose()?,
            settings: Settings::new(settings)?,
        })
    }

    fn parse_id(&self) -> Result<TenantId, BoxError> {
        Ok(self.id.parse::<TenantId>()?)
    }

    fn parse_slug(&self) -> Result<Slug, BoxError> {
        Ok(Slug::new(&self.slug)?)
    }

    /// What the record can be found by: whichever of its keys can be read.
    fn key(&self, asked: Option<TenantKey>) -> Option<TenantKey> {
        asked
            .or_else(|| self.parse_id().ok().map(TenantKey::Id))
            .or_else(|| self.parse_slug().ok().map(TenantKey::Slug))
    }

    fn inconsistent(
        &self,
        asked: Option<TenantKey>,
        source: InconsistentTenant,
    ) -> RepositoryError {
        match self.key(asked) {
            Some(key) => RepositoryError::Inconsistent { key, source },
            None => RepositoryError::Failed {
                source: source.into(),
            },
        }
    }

    fn unreadable(&self, asked: Option<TenantKey>, source: BoxError) -> RepositoryError {
        match self.key(asked) {
            Some(key) => RepositoryError::Unreadable { key, source },
            None => RepositoryError::Failed { source },
        }
    }
}

impl From<TenantParts> for Row {
    fn from(parts: TenantParts) -> Self {
        let TenantParts {
            id,
            slug,
            name,
            status,
            version,
            created_at,
            provisioned_at,
            settings,
        } = parts;
        Self {
            id: id.to_string(),
            slug: slug.as_str().to_owned(),
            name: name.as_str().to_owned(),
            status: status.as_str().to_owned(),
            version: version.number(),
            created_at: created_at.timestamp_micros(),
            provisioned_at: provisioned_at.map(|at| at.timestamp_micros()),
            settings: settings.to_value().to_string(),
        }
    }
}

fn time(micros: i64) -> Result<DateTime<Utc>, BoxError> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| format!("{micros} microseconds since 1970 are out of range").into())
}
