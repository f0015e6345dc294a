use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid};
use tenantry::ports::{RepositoryError, TenantKey};
use tenantry::{
    BoxError, InconsistentTenant, Settings, Slug, Tenant, TenantId, TenantName, TenantParts,
    TenantStatus, Version,
};

/// A record as it is stored.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Uuid)]
    id: uuid::Uuid,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    provisioned_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Jsonb)]
    settings: serde_json::Value,
}

/// What a conditional change found.
#[derive(QueryableByName)]
pub(super) struct Change {
    #[diesel(sql_type = Bool)]
    pub(super) changed: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) found: Option<i64>,
}

impl Row {
    pub(super) fn into_tenant(self) -> Result<Tenant, RepositoryError> {
        let id = TenantId::from_uuid(self.id).map_err(|error| RepositoryError::Failed {
            source: format!(
                "the table of tenants holds the id {}, which can't be a tenant's: {error}",
                self.id
            )
            .into(),
        })?;
        let key = TenantKey::Id(id);
        let parts = self.into_parts(id).map_err(|source| match source {
            Broken::Inconsistent(source) => RepositoryError::Inconsistent { key, source },
            Broken::Unreadable(source) => RepositoryError::Unreadable { key, source },
        })?;
        Tenant::restore(parts).map_err(|source| RepositoryError::Inconsistent { key, source })
    }

    fn into_parts(self, id: TenantId) -> Result<TenantParts, Broken> {
        Ok(TenantParts {
            id,
            slug: Slug::new(&self.slug)?,
            name: TenantName::new(self.name)?,
            status: self.status.parse::<TenantStatus>()?,
            version: Version::new(self.version)?,
            created_at: self.created_at,
            provisioned_at: self.provisioned_at,
            settings: Settings::new(self.settings)?,
        })
    }
}

enum Broken {
    Inconsistent(InconsistentTenant),
    Unreadable(BoxError),
}

impl From<InconsistentTenant> for Broken {
    fn from(error: InconsistentTenant) -> Self {
        Self::Inconsistent(error)
    }
}

impl From<tenantry::SlugError> for Broken {
    fn from(error: tenantry::SlugError) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<tenantry::TenantNameError> for Broken {
    fn from(error: tenantry::TenantNameError) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<tenantry::SettingsError> for Broken {
    fn from(error: tenantry::SettingsError) -> Self {
        Self::Unreadable(error.into())
    }
}
