//! The accounts that were there before Tenantry.

use diesel::prelude::*;
use tenantry::ports::ScopeError;
use tenantry::{
    Actor, BoxError, PageRequest, ServiceError, Slug, TenantFilter, TenantName, TenantService,
    TenantStatus,
};
use tenantry_postgres::{SharedConnection, TenantPool};

use crate::schema::accounts;

// ANCHOR: adopt
/// Gives every account that has no schema yet one of its own, and says how many there were.
///
/// Called again after a failure, it goes on where it was. Frozen accounts get their schemas, and stay frozen.
///
/// # Errors
/// [`AdoptError::Unfit`] before anything is done, if an account can't be a tenant.
pub async fn adopt(tenants: &TenantService, pool: &TenantPool) -> Result<usize, AdoptError> {
    let accounts = pool.shared_async(unfit).await?;
    if !accounts.is_empty() {
        return Err(AdoptError::Unfit { accounts });
    }
    let pending = TenantFilter::status(TenantStatus::Pending);
    let mut page = Some(PageRequest::default());
    let mut adopted = 0;
    while let Some(request) = page {
        let found = tenants.list(&pending, request).await?;
        for tenant in &found.items {
            tenants.provision(tenant.id(), &Actor::system()).await?;
            adopted += 1;
        }
        page = found.next.map(|next| request.at(next));
    }
    Ok(adopted)
}

/// The accounts whose handle or name no tenant may have.
fn unfit(connection: &mut SharedConnection) -> Result<Vec<UnfitAccount>, AdoptError> {
    let rows: Vec<(i64, String, String)> = accounts::table
        .select((accounts::id, accounts::handle, accounts::display_name))
        .order(accounts::id)
        .load(connection)?;
    let unfit = rows.into_iter().filter_map(|(id, handle, name)| {
        let reason: BoxError = match (Slug::new(&handle), TenantName::new(name)) {
            (Ok(_), Ok(_)) => return None,
            (Err(error), _) => error.into(),
            (_, Err(error)) => error.into(),
        };
        Some(UnfitAccount { id, reason })
    });
    Ok(unfit.collect())
}
// ANCHOR_END: adopt

/// An account that can't be a tenant as it is.
#[derive(Debug)]
pub struct UnfitAccount {
    /// Which: its number in the shop.
    pub id: i64,
    /// The rule that its handle or its name breaks.
    pub reason: BoxError,
}

/// Why accounts weren't adopted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// Some can't be tenants as they are.
    #[error(
        "change what these accounts are called, then adopt again: {}",
        listed(accounts)
    )]
    Unfit {
        /// Which, and why.
        accounts: Vec<UnfitAccount>,
    },
    /// One couldn't be provisioned, or the accounts couldn't be listed.
    #[error("an account wasn't adopted")]
    Tenants(#[from] ServiceError),
    /// The accounts can't be read.
    #[error("the shared schema can't be entered")]
    Scope(#[from] ScopeError),
    /// The accounts can't be read.
    #[error("the accounts can't be read")]
    Query(#[from] diesel::result::Error),
}

fn listed(accounts: &[UnfitAccount]) -> String {
    let each = accounts
        .iter()
        .map(|UnfitAccount { id, reason }| format!("account {id}: {reason}"));
    each.collect::<Vec<_>>().join("; ")
}
