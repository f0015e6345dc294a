//! Names that cannot be wrong: each has one constructor, which refuses.

mod reserved;
mod schema_name;
mod slug;
mod tenant_id;
mod tenant_name;
mod version_7;

pub use reserved::ReservedSlugs;
pub use schema_name::{SchemaName, SchemaNameError};
pub use slug::{Slug, SlugError};
pub use tenant_id::{TenantId, TenantIdError};
pub use tenant_name::{TenantName, TenantNameError};

pub(crate) use version_7::version_7_id;
