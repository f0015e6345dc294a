//! Members, domains and the audit log, in tables of the shared file.
//!
//! ```text
//!  tables   Tables                   connections of their own, one transaction for each call
//!  members  SqliteMembershipStore
//!  domains  SqliteDomainStore
//!  audit    SqliteAuditStore
//! ```

mod audit;
mod domains;
mod members;
mod tables;

pub use audit::SqliteAuditStore;
pub use domains::SqliteDomainStore;
pub use members::SqliteMembershipStore;
