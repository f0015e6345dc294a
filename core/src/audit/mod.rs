//! Who did what: an append-only log for each tenant, in which every entry binds the one before.
//!
//! ```text
//!  AuditRecord ──▶ the store gives it a number and the hash before it ──▶ AuditEntry
//!  AuditEntry 1 ◀─hash─ AuditEntry 2 ◀─hash─ AuditEntry 3 … AuditAnchor: number and hash of the last, kept elsewhere
//!  AuditVerifier            reads a chain from its beginning and says where it is broken
//!  AuditLog                 records, exports and verifies, over an AuditStore
//! ```
//!
//! # What is found
//! Any edit, removal, insertion or change of order within a chain is found from the entries alone, since each hash covers
//! the one before. What can't be found from the entries alone is that the *end* is missing, or that everything from some
//! entry on was written anew with fresh hashes. That takes an [`AuditAnchor`]: the number and the hash of an entry, kept
//! where whoever can write the log can't write: printed, mailed, in another system. A chain that doesn't have that entry, with
//! that hash, isn't the chain that was anchored. Each export ends with one.
//!
//! # The encoding, exactly
//! An entry's hash is the SHA-256 of these bytes, one after the other:
//!
//! ```text
//!  17 bytes  "tenantry-audit-1" and a line feed
//!  16 bytes  the tenant's id as a UUID; zeros for the shared log
//!   8 bytes  the number, big-endian
//!   8 bytes  the time: microseconds since 1970-01-01T00:00:00Z, signed, big-endian
//!  four times, for the actor, the action, the target and the detail:
//!   8 bytes  the number of bytes that follow, big-endian
//!   … bytes  the text in UTF-8
//!  32 bytes  the hash of the entry before; zeros for the first
//! ```

mod chain;
mod entry;
mod error;
mod log;
mod record;
mod verifier;

pub use chain::{AuditAnchor, AuditChain};
pub use entry::AuditEntry;
pub use error::{AuditBroken, AuditError, AuditLineError};
pub use log::{AuditLog, Verified};
pub use record::{
    AuditAction, AuditActionError, AuditDetail, AuditDetailError, AuditRecord, AuditTarget,
    AuditTargetError,
};
pub use verifier::AuditVerifier;
