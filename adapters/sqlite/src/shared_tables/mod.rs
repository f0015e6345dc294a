//! Members, domains, the audit log and operators, in tables of the shared file.
//!
//! ```text
//!  tables   Tables                   connections of their own, one transaction for each call
//!  members  SqliteMembershipStore
//!  domains  SqliteDomainStore
//!  audit    SqliteAuditStore
//!  operators  SqliteOperatorStore
//! ```

mod audit;
mod domains;
mod members;
mod operators;
pub(crate) mod tables;

pub use audit::SqliteAuditStore;
pub use domains::SqliteDomainStore;
pub use members::SqliteMembershipStore;
pub use operators::SqliteOperatorStore;
