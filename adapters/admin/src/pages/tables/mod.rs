//! The rows of a tenant's tables, as the host declared them.

mod changing;
mod export;
mod failing;
mod listing;
mod row;
mod rows;
mod wanted;

use tenantry::TenantStatus;
use tenantry::tables::{TableBrowser, TableDeclaration};

use super::failure::Failure;
use super::tenants::Chosen;
use crate::access::Right;
use crate::refusal::Refusal;

pub(super) use changing::{delete, insert, update};
pub(super) use export::export;
pub(super) use listing::list;
pub(super) use row::{blank, show};
pub(super) use rows::browse;

impl Chosen {
    /// The browser of the host's tables, for whoever may see rows.
    fn browser(&self) -> Result<&TableBrowser, Failure> {
        self.visit.demand(Right::Browse)?;
        let browser = self.visit.admin.browser.as_ref();
        browser.ok_or_else(|| Refusal::PathUnknown.into())
    }

    /// Whether rows of this tenant can be changed here: a suspended one's stay as they are.
    fn may_edit(&self) -> bool {
        self.visit.operator.may(Right::Edit) && self.tenant.status() == TenantStatus::Active
    }

    /// The address of a table's page, and of what is below it.
    fn table_at(&self, table: &TableDeclaration, below: &str) -> String {
        let slug = self.tenant.slug();
        self.visit
            .tenant_at(slug, &format!("/tables/{}{below}", table.name()))
    }
}
