use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenantry::{
    Cursor, NewTenant, Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use utoipa::ToSchema;

use crate::refusal::Refusal;

/// A tenant as it is recorded.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    /// Its identity for all time: a UUID of version 7.
    #[schema(value_type = String, format = "uuid")]
    id: TenantId,
    /// Its name in URLs and schema names.
    #[schema(value_type = String)]
    slug: Slug,
    /// Its name for people.
    #[schema(value_type = String)]
    name: String,
    /// Where it is in its life.
    #[schema(value_type = Status)]
    status: TenantStatus,
    /// How often its record was written.
    #[schema(value_type = i64, minimum = 1)]
    version: Version,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    /// When its schema was ready, if it ever was.
    #[schema(value_type = Option<String>, format = DateTime)]
    provisioned_at: Option<DateTime<Utc>>,
    /// What the host keeps with it.
    #[schema(value_type = Object)]
    settings: Settings,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        let TenantParts {
            id,
            slug,
            name,
            status,
            version,
            created_at,
            provisioned_at,
            settings,
        } = tenant.into_parts();
        Self {
            id,
            slug,
            name: name.as_str().to_owned(),
            status,
            version,
            created_at,
            provisioned_at,
            settings,
        }
    }
}

/// Where a tenant is in its life.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "the core's statuses, as the document shows them")]
pub(crate) enum Status {
    /// Recorded, but its schema isn't ready yet.
    Pending,
    /// In use.
    Active,
    /// Refused at every door until it is activated again.
    Suspended,
    /// Given up: its data waits to be purged.
    Deleted,
}

/// Some of the tenants, in the order of their creation.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantPage {
    /// The tenants.
    items: Vec<TenantView>,
    /// The cursor of the next page, if there is one.
    #[schema(value_type = Option<String>)]
    next: Option<Cursor>,
}

impl TenantPage {
    pub(crate) fn new(items: Vec<Tenant>, next: Option<Cursor>) -> Self {
        let items = items.into_iter().map(TenantView::from).collect();
        Self { items, next }
    }
}

/// A tenant to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenantBody {
    /// Its name in URLs, for as long as it lives: a DNS label.
    #[schema(
        min_length = 2,
        max_length = 56,
        pattern = "^(?!xn--)(?!([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$)[a-z0-9][a-z0-9-]*[a-z0-9]$"
    )]
    slug: String,
    /// Its name for people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$"
    )]
    name: String,
    /// What the host keeps with it: nothing, unless it is given.
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
}

impl NewTenantBody {
    pub(crate) fn checked(self) -> Result<NewTenant, Refusal> {
        let slug = Slug::new(&self.slug)?;
        let new = NewTenant::new(slug, TenantName::new(self.name)?);
        Ok(match self.settings {
            Some(settings) => new.with_settings(Settings::new(settings)?),
            None => new,
        })
    }
}

/// A change of a tenant's name, or of its settings, which are replaced as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// Its new name for people.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$"
    )]
    pub(crate) name: Option<String>,
    /// Its new settings.
    #[schema(nullable = false, value_type = Option<Object>)]
    pub(crate) settings: Option<Value>,
}
