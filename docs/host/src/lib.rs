//! A shop whose accounts are its tenants.
//!
//! It has had a table of accounts for years, in PostgreSQL, and keeps it. One migration adds what Tenantry needs,
//! [`AccountRepository`] implements the port over it, and each account's notes live in a schema of its own.
//!
//! ```text
//!  accounts   AccountRepository   the port, over the table that was there
//!  adoption   adopt               the accounts that were there become tenants
//!  notes      notes               a handle to the rows of its tenant
//!  http       serve               the same over HTTP
//!  shop       Shop                all of it put together
//! ```

mod accounts;
mod adoption;
mod http;
pub mod migrations;
mod notes;
mod schema;
mod shop;

pub use accounts::AccountRepository;
pub use adoption::{AdoptError, UnfitAccount, adopt};
pub use http::serve;
pub use notes::{Refused, notes};
pub use shop::{OpenError, Shop};
