//! From a handle to the rows of its tenant.

use diesel::prelude::*;
use futures_lite::future::block_on;
use tenantry::ports::{RepositoryError, ScopeError, TenantRepository};
use tenantry::{Actor, ContextRefused, Retry, Slug, SlugError, TenantContext};
use tenantry_postgres::TenantPool;

use crate::schema;

// ANCHOR: notes
/// The notes of the account with this handle, oldest first.
///
/// # Errors
/// [`Refused`], for whoever isn't an account in use.
pub fn notes(
    accounts: &dyn TenantRepository,
    pool: &TenantPool,
    handle: &str,
) -> Result<Vec<String>, Refused> {
    let account = block_on(accounts.find_by_slug(&Slug::new(handle)?))?;
    let context = TenantContext::of(&account, Actor::system())?;
    pool.tenant(&context, |connection| {
        Ok(schema::notes::table
            .order(schema::notes::id)
            .select(schema::notes::text)
            .load(connection)?)
    })
}

/// Why there are no notes to be seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No account can be called so.
    #[error("the handle is no slug")]
    Handle(#[from] SlugError),
    /// There is no such account, or none can be looked up.
    #[error("the account can't be looked up")]
    Account(#[from] RepositoryError),
    /// The account isn't in use.
    #[error("the account isn't in use")]
    Door(#[from] ContextRefused),
    /// Its schema can't be entered.
    #[error("the account's schema can't be entered")]
    Scope(#[from] ScopeError),
    /// The query failed.
    #[error("the notes can't be read")]
    Query(#[from] diesel::result::Error),
}

impl Refused {
    /// The status of the answer: what somebody may know who asked for another's notes.
    pub fn status(&self) -> u16 {
        match self {
            Self::Door(ContextRefused::Suspended { .. }) => 403,
            Self::Handle(_)
            | Self::Account(RepositoryError::NotFound { .. })
            | Self::Door(ContextRefused::Pending { .. } | ContextRefused::Deleted { .. }) => 404,
            Self::Account(error) => status_of(error.retry()),
            Self::Scope(error) => status_of(error.retry()),
            Self::Door(_) | Self::Query(_) => 500,
        }
    }
}
// ANCHOR_END: notes

fn status_of(retry: Retry) -> u16 {
    match retry {
        Retry::Now | Retry::Later => 503,
        Retry::Never => 500,
    }
}
