use chrono::{DateTime, Utc};
use diesel::prelude::*;
use tenantry::ports::{RepositoryError, TenantKey};
use tenantry::{
    BoxError, InconsistentTenant, Settings, Slug, Tenant, TenantId, TenantName, TenantParts,
    Version,
};

use crate::schema::accounts;

// ANCHOR: row
/// What makes a tenant of an account.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(super) struct Account {
    tenant_id: uuid::Uuid,
    handle: String,
    display_name: String,
    tenant_status: String,
    version: i64,
    created_at: DateTime<Utc>,
    provisioned_at: Option<DateTime<Utc>>,
    settings: serde_json::Value,
}

impl Account {
    pub(super) fn into_tenant(self) -> Result<Tenant, RepositoryError> {
        let id = TenantId::from_uuid(self.tenant_id).map_err(|source| RepositoryError::Failed {
            source: source.into(),
        })?;
        self.into_parts(id)
            .and_then(|parts| Ok(Tenant::restore(parts)?))
            .map_err(|broken| broken.of(TenantKey::Id(id)))
    }

    fn into_parts(self, id: TenantId) -> Result<TenantParts, Broken> {
        Ok(TenantParts {
            id,
            slug: Slug::new(&self.handle).map_err(unreadable)?,
            name: TenantName::new(self.display_name).map_err(unreadable)?,
            status: self.tenant_status.parse()?,
            version: Version::new(self.version)?,
            created_at: self.created_at,
            provisioned_at: self.provisioned_at,
            settings: Settings::new(self.settings).map_err(unreadable)?,
        })
    }
}
// ANCHOR_END: row

/// Why an account can't be a tenant.
enum Broken {
    Inconsistent(InconsistentTenant),
    Unreadable(BoxError),
}

impl Broken {
    fn of(self, key: TenantKey) -> RepositoryError {
        match self {
            Self::Inconsistent(source) => RepositoryError::Inconsistent { key, source },
            Self::Unreadable(source) => RepositoryError::Unreadable { key, source },
        }
    }
}

impl From<InconsistentTenant> for Broken {
    fn from(source: InconsistentTenant) -> Self {
        Self::Inconsistent(source)
    }
}

fn unreadable(source: impl Into<BoxError>) -> Broken {
    Broken::Unreadable(source.into())
}

/// A tenant as a new account. Whatever else the table has gets its default.
#[derive(Insertable)]
#[diesel(table_name = accounts)]
pub(super) struct NewAccount {
    tenant_id: uuid::Uuid,
    handle: String,
    display_name: String,
    version: i64,
    created_at: DateTime<Utc>,
    provisioned_at: Option<DateTime<Utc>>,
    settings: serde_json::Value,
}

impl From<&Tenant> for NewAccount {
    fn from(tenant: &Tenant) -> Self {
        Self {
            tenant_id: tenant.id().as_uuid(),
            handle: tenant.slug().to_string(),
            display_name: tenant.name().to_string(),
            version: tenant.version().number(),
            created_at: tenant.created_at(),
            provisioned_at: tenant.provisioned_at(),
            settings: tenant.settings().to_value(),
        }
    }
}
