use alloc::sync::Arc;
use alloc::vec::Vec;

use super::change::GivenValue;
use super::{
    BrowseError, CellLimit, PagePlan, QueryRefused, Row, RowChange, RowKey, RowPlan, RowVersion,
    TableCatalogue, TableDeclaration, TablePage, TableQuery,
};
use crate::ports::TenantTables;
use crate::{Actor, Tenant, TenantContext};

/// Shows and changes the rows of any tenant's declared tables, inside that tenant's scope alone.
///
/// It asks nobody whether the actor may: that is for whoever calls it, for each tenant. What it holds to is this:
///
/// | tenant | its rows are shown | and changed |
/// | --- | --- | --- |
/// | active | yes | yes |
/// | suspended | yes: an operator has to see why | no: they stay as they were |
/// | pending, deleted | no | no |
///
/// ```
/// # use tenantry::tables::{BrowseError, FilterOperator, TableBrowser, TableQuery};
/// # use tenantry::{Actor, Tenant};
/// # async fn show(browser: TableBrowser, acme: &Tenant, operator: &Actor) -> Result<(), BrowseError> {
/// let query = TableQuery::of("orders").filtered("customer", FilterOperator::Contains, Some("smith"));
/// let page = browser.page(acme, operator, &query).await?;
/// for row in &page.rows {
///     println!("{}: {:?}", row.key, row.cells);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TableBrowser {
    tables: Arc<dyn TenantTables>,
    catalogue: TableCatalogue,
}

/// A row by itself, and what a change of it is based on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RowRead {
    /// The row.
    pub row: Row,
    /// What it was when it was read: for [`TableBrowser::update`] and [`TableBrowser::delete`].
    pub version: RowVersion,
}

impl TableBrowser {
    /// A browser of these tables.
    pub fn new(tables: Arc<dyn TenantTables>, catalogue: TableCatalogue) -> Self {
        Self { tables, catalogue }
    }

    /// The tables that are declared, in the host's order.
    pub fn tables(&self) -> &[Arc<TableDeclaration>] {
        self.catalogue.tables()
    }

    /// The declaration of a table.
    ///
    /// # Errors
    /// [`QueryRefused::NoSuchTable`].
    pub fn table(&self, name: &str) -> Result<&Arc<TableDeclaration>, QueryRefused> {
        super::plan::table_of(&self.catalogue, name)
    }

    /// A page of a tenant's rows, of each value as much as [`CellLimit::PAGE`].
    ///
    /// # Errors
    /// [`BrowseError`].
    pub async fn page(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        query: &TableQuery,
    ) -> Result<TablePage, BrowseError> {
        let context = reading(tenant, actor)?;
        self.page_of(&context, query, CellLimit::PAGE).await
    }

    /// One of a tenant's rows, of each value as much as [`CellLimit::ROW`].
    ///
    /// # Errors
    /// [`BrowseError`].
    pub async fn row(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        table: &str,
        key: &RowKey,
    ) -> Result<Option<RowRead>, BrowseError> {
        let context = reading(tenant, actor)?;
        let plan = RowPlan::new(&self.catalogue, tenant.id(), table, key)?;
        let found = self.tables.row(&context, &plan).await?;
        let read = |row: Row| RowRead {
            version: row.version(tenant.id(), plan.table()),
            row,
        };
        Ok(found.map(read))
    }

    /// Adds a row, and gives it as it is then.
    ///
    /// # Errors
    /// [`BrowseError`]: nothing has changed then.
    pub async fn insert(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        table: &str,
        values: &[GivenValue],
    ) -> Result<RowRead, BrowseError> {
        let context = writing(tenant, actor)?;
        let change = RowChange::insert(&self.catalogue, tenant.id(), table, values)?;
        self.change(&context, &change).await
    }

    /// Changes a row that is still what it was when it was read, and gives it as it is then.
    ///
    /// # Errors
    /// [`BrowseError`]: nothing has changed then. [`TablesError::Stale`](crate::ports::TablesError::Stale) if it isn't.
    pub async fn update(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        table: &str,
        key: &RowKey,
        values: &[GivenValue],
        expected: RowVersion,
    ) -> Result<RowRead, BrowseError> {
        let context = writing(tenant, actor)?;
        let (catalogue, id) = (&self.catalogue, tenant.id());
        let change = RowChange::update(catalogue, id, table, key, values, expected)?;
        self.change(&context, &change).await
    }

    /// Deletes a row that is still what it was when it was read, and gives it as it was.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn delete(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        table: &str,
        key: &RowKey,
        expected: RowVersion,
    ) -> Result<RowRead, BrowseError> {
        let context = writing(tenant, actor)?;
        let change = RowChange::delete(&self.catalogue, tenant.id(), table, key, expected)?;
        self.change(&context, &change).await
    }

    /// All rows of a query as CSV, a piece at a time: each is a page of the query's size, and one is in memory at once.
    ///
    /// # Errors
    /// [`BrowseError::Tenant`], [`BrowseError::Refused`].
    #[cfg(feature = "csv")]
    pub fn export(
        &self,
        tenant: &Tenant,
        actor: &Actor,
        query: TableQuery,
    ) -> Result<super::CsvExport, BrowseError> {
        let context = reading(tenant, actor)?;
        PagePlan::new(&self.catalogue, tenant.id(), &query, CellLimit::EXPORT)?;
        Ok(super::CsvExport::new(self.clone(), context, query))
    }

    pub(super) async fn page_of(
        &self,
        context: &TenantContext,
        query: &TableQuery,
        limit: CellLimit,
    ) -> Result<TablePage, BrowseError> {
        let plan = PagePlan::new(&self.catalogue, context.id(), query, limit)?;
        let found: Vec<_> = self.tables.page(context, &plan).await?;
        Ok(plan.page(found)?)
    }

    async fn change(
        &self,
        context: &TenantContext,
        change: &RowChange,
    ) -> Result<RowRead, BrowseError> {
        let row = self.tables.change(context, change).await?;
        Ok(RowRead {
            version: row.version(context.id(), change.table()),
            row,
        })
    }
}

/// A suspended tenant's rows may be looked at.
fn reading(tenant: &Tenant, actor: &Actor) -> Result<TenantContext, BrowseError> {
    Ok(TenantContext::for_maintenance(tenant, actor.clone())?)
}

fn writing(tenant: &Tenant, actor: &Actor) -> Result<TenantContext, BrowseError> {
    Ok(TenantContext::of(tenant, actor.clone())?)
}
