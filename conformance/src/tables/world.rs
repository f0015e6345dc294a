use std::sync::Arc;

use chrono::DateTime;
use futures_lite::future::block_on;
use tenantry::audit::{AuditChain, AuditEntry};
use tenantry::ports::{TablesError, TenantTables};
use tenantry::tables::{
    BrowseError, Cell, Decimal, Row, RowKey, RowRead, TableBrowser, TablePage, TableQuery, Value,
};
use tenantry::{
    Actor, PageSize, Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};

use super::{TableHarness, declared};
use crate::Violation;

/// A fresh store and a browser over it: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) browser: TableBrowser,
    pub(super) actor: Actor,
    /// A tenant with tables, as is `umbrella`.
    pub(super) acme: Tenant,
    pub(super) umbrella: Tenant,
}

impl<H: TableHarness> World<H> {
    pub(super) fn start() -> Result<Self, Violation> {
        let harness = H::start();
        let (acme, umbrella) = (active(1, "acme")?, active(2, "umbrella")?);
        harness.provision(&acme);
        harness.provision(&umbrella);
        Ok(Self {
            browser: browser(harness.tables())?,
            actor: Actor::named("operator:7").map_err(|error| Violation::new(error.to_string()))?,
            harness,
            acme,
            umbrella,
        })
    }

    /// Puts an item of this name in, under this id.
    pub(super) fn item(&self, tenant: &Tenant, id: i64, name: &str) {
        let values = [("id", Value::Integer(id)), ("name", text(name))];
        self.harness.put(tenant, "items", &values);
    }

    /// The first page of a query.
    pub(super) fn page(
        &self,
        tenant: &Tenant,
        query: &TableQuery,
    ) -> Result<TablePage, BrowseError> {
        block_on(self.browser.page(tenant, &self.actor, query))
    }

    /// All rows of a query, in pages of two.
    pub(super) fn all(&self, tenant: &Tenant, query: &TableQuery) -> Result<Vec<Row>, Violation> {
        self.all_while(tenant, query, |_| ())
    }

    /// The same, with something else done after each page.
    pub(super) fn all_while(
        &self,
        tenant: &Tenant,
        query: &TableQuery,
        mut after_page: impl FnMut(usize),
    ) -> Result<Vec<Row>, Violation> {
        let mut query = query.clone().in_pages_of(PageSize::new(2)?);
        let mut rows = Vec::new();
        for number in 0..100 {
            let page = self.page(tenant, &query)?;
            rows.extend(page.rows);
            match page.next {
                None => return Ok(rows),
                Some(next) => query = query.after(next),
            }
            after_page(number);
        }
        Err(Violation::new("a listing that doesn't end"))
    }

    /// What the items of a query are called, in its order; `-` for a null.
    pub(super) fn names(
        &self,
        tenant: &Tenant,
        query: &TableQuery,
    ) -> Result<Vec<String>, Violation> {
        let rows = self.all(tenant, query)?;
        rows.iter().map(|row| self.shown(row, "name")).collect()
    }

    /// What an item holds in a column, as text; `-` for a null.
    pub(super) fn shown(&self, row: &Row, column: &str) -> Result<String, Violation> {
        let cell = self.cell(row, column)?;
        Ok(cell.shown().unwrap_or_else(|| "-".into()))
    }

    pub(super) fn cell<'r>(&self, row: &'r Row, column: &str) -> Result<&'r Cell, Violation> {
        let items = self.browser.table("items")?;
        let cell = row.cell(items, column);
        cell.ok_or_else(|| Violation::new(format!("no column {column}")))
    }

    /// An item by its name.
    pub(super) fn found(&self, tenant: &Tenant, name: &str) -> Result<RowRead, Violation> {
        let query = TableQuery::of("items").filtered(
            "name",
            tenantry::tables::FilterOperator::Equal,
            Some(name),
        );
        let page = self.page(tenant, &query)?;
        let row = page.rows.first();
        let key = &row
            .ok_or_else(|| Violation::new(format!("no item {name}")))?
            .key;
        self.read(tenant, key)?
            .ok_or_else(|| Violation::new(format!("item {name} is listed, and isn't there")))
    }

    pub(super) fn read(
        &self,
        tenant: &Tenant,
        key: &RowKey,
    ) -> Result<Option<RowRead>, BrowseError> {
        block_on(self.browser.row(tenant, &self.actor, "items", key))
    }

    /// Renames an item that is still what it was.
    pub(super) fn rename(
        &self,
        tenant: &Tenant,
        read: &RowRead,
        name: &str,
    ) -> Result<RowRead, BrowseError> {
        self.update(tenant, read, &[("name".into(), text(name))])
    }

    pub(super) fn update(
        &self,
        tenant: &Tenant,
        read: &RowRead,
        values: &[(String, Value)],
    ) -> Result<RowRead, BrowseError> {
        let (key, version) = (&read.row.key, read.version);
        let update = self
            .browser
            .update(tenant, &self.actor, "items", key, values, version);
        block_on(update)
    }

    pub(super) fn insert(
        &self,
        tenant: &Tenant,
        values: &[(String, Value)],
    ) -> Result<RowRead, BrowseError> {
        block_on(self.browser.insert(tenant, &self.actor, "items", values))
    }

    pub(super) fn delete(&self, tenant: &Tenant, read: &RowRead) -> Result<RowRead, BrowseError> {
        let (key, version) = (&read.row.key, read.version);
        block_on(
            self.browser
                .delete(tenant, &self.actor, "items", key, version),
        )
    }

    /// The names that are stored, by id, from outside.
    pub(super) fn stored(&self, tenant: &Tenant) -> Vec<String> {
        let items = self.harness.items(tenant, "name").into_iter();
        items.map(|(_, name)| name.unwrap_or("-".into())).collect()
    }

    /// What the audit log says of a tenant.
    pub(super) fn log(&self, tenant: &Tenant) -> Result<Vec<AuditEntry>, Violation> {
        let chain = AuditChain::Tenant(tenant.id());
        Ok(block_on(self.harness.audit().read(
            chain,
            0,
            PageSize::LARGEST,
        ))?)
    }
}

/// A browser over these tables.
pub(super) fn browser(tables: Arc<dyn TenantTables>) -> Result<TableBrowser, Violation> {
    Ok(TableBrowser::new(tables, declared()?))
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn decimal(text: &str) -> Result<Value, Violation> {
    let number = Decimal::new(text);
    Ok(Value::Decimal(number.ok_or_else(|| {
        Violation::new(format!("{text} is no number"))
    })?))
}

/// The error of the store.
pub(super) fn store_error<T: std::fmt::Debug>(
    outcome: Result<T, BrowseError>,
) -> Result<TablesError, Violation> {
    match outcome {
        Err(BrowseError::Store(error)) => Ok(error),
        other => Err(Violation::new(format!(
            "not refused by the store: {other:?}"
        ))),
    }
}

/// An active tenant.
pub(super) fn active(number: u8, slug: &str) -> Result<Tenant, Violation> {
    with_status(number, slug, TenantStatus::Active)
}

pub(super) fn with_status(
    number: u8,
    slug: &str,
    status: TenantStatus,
) -> Result<Tenant, Violation> {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
    let parts = TenantParts {
        id: TenantId::from_parts(now, [number; 10]),
        slug: Slug::new(slug)?,
        name: TenantName::new(slug)?,
        status,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    };
    Tenant::restore(parts).map_err(|error| Violation::new(error.to_string()))
}
