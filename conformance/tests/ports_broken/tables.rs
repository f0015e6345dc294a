//! Browsing tenants' tables.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_lite::future::block_on;
use serde_json::{Map, Value as Json};
use tenantry::ports::{
    AuditStore, ChangeRefusal, SchemaProvider, ScopeError, ScopeMode, TablesError, TenantScopes,
    TenantTables,
};
use tenantry::tables::{
    Cell, CellLimit, ChangeKind, FoundRow, GivenValue, NewValues, PagePlan, Row, RowChange, RowKey,
    RowPlan, TableDeclaration, TableQuery, Test, Value,
};
use tenantry::{Actor, Tenant, TenantContext, TenantId};
use tenantry_conformance::audit::ClosableLog;
use tenantry_conformance::tables::{TableHarness, behaviours, catalogue, check, declared};
use tenantry_memory::{
    ManualClock, MemoryAuditStore, MemoryDatabase, MemoryMigration, MemorySchemaProvider,
    MemoryScopes, MemoryTenantTables,
};

use crate::{Current, all_can_fail};

/// Makes the faults and the list of them.
macro_rules! faults {
    ($($fault:ident,)*) => {
        /// What is wrong with a browser's tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Fault { $($fault,)* }

        const FAULTS: &[Fault] = &[$(Fault::$fault,)*];
    };
}

faults! {
    AddsAnotherTenantsRows,
    LooksEverywhereByKey,
    TrustsThePlan,
    TakesMissingTablesForEmpty,
    TakesMissingSchemasForEmpty,
    NeverLooksAhead,
    SortsBackwards,
    RepeatsTheLastRow,
    PutsNullsFirst,
    ForgetsFilters,
    TakesPatterns,
    LowersTexts,
    CutsWithoutAMark,
    CutsRowsAsPages,
    WritesOnReading,
    ShowsSecrets,
    WipesWhatIsNotDeclared,
    TellsTheRow,
    ChangesEveryRow,
    IgnoresVersions,
    LosesNewRows,
    NeverDeletes,
    RecordsNothing,
    RecordsAfterwards,
    RecordsFirst,
}

static FAULT: Current<Fault> = Current::new();

struct Broken(Arc<Faulty>);

struct Faulty {
    fault: Option<Fault>,
    database: MemoryDatabase,
    audit: Arc<ClosableLog<MemoryAuditStore>>,
    tenants: Mutex<Vec<Tenant>>,
    last: Mutex<Option<FoundRow>>,
}

type Found = Result<Vec<FoundRow>, TablesError>;

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn scopes(&self) -> MemoryScopes {
        MemoryScopes::new(self.database.clone())
    }

    /// The whole ones, over this log.
    fn whole(&self, audit: Arc<dyn AuditStore>) -> MemoryTenantTables {
        let clock = ManualClock::at(chrono::DateTime::UNIX_EPOCH);
        MemoryTenantTables::new(self.scopes(), audit, Arc::new(clock))
    }

    /// The whole ones, over a log that nobody reads.
    fn unrecorded(&self) -> MemoryTenantTables {
        self.whole(Arc::new(MemoryAuditStore::new()))
    }

    fn tenants(&self) -> Vec<Tenant> {
        self.tenants.lock().expect("no panic").clone()
    }

    /// The others than this one.
    fn others(&self, tenant: TenantId) -> Vec<Tenant> {
        let mut others = self.tenants();
        others.retain(|other| other.id() != tenant);
        others
    }

    fn within<T>(
        &self,
        context: &TenantContext,
        work: impl FnOnce(&mut tenantry_memory::TenantConnection) -> Result<T, ScopeError>,
    ) -> T {
        self.scopes()
            .in_tenant(context, ScopeMode::Transaction, work)
            .expect("in the tenant")
    }

    fn items(&self, context: &TenantContext) -> Vec<Json> {
        self.within(context, |connection| connection.rows("items"))
    }

    /// The first rows of a table, whatever the filters.
    fn unfiltered(&self, tenant: &Tenant, plan: &PagePlan) -> Vec<FoundRow> {
        let query = TableQuery::of(plan.table().name().as_str()).in_pages_of(plan.size());
        let plan = planned(tenant.id(), &query);
        let rows = block_on(self.unrecorded().page(&of(tenant), &plan));
        rows.unwrap_or_default()
    }

    /// The context that a plan is run in.
    fn context(&self, context: &TenantContext, planned: TenantId) -> TenantContext {
        let tenants = self.tenants();
        let owner = tenants.iter().find(|tenant| tenant.id() == planned);
        match owner {
            Some(owner) if self.has(Fault::TrustsThePlan) => of(owner),
            _ => context.clone(),
        }
    }

    /// What is wrong with one row.
    fn spoil(&self, context: &TenantContext, table: &TableDeclaration, row: &mut Row) {
        if self.has(Fault::ShowsSecrets) && table.name().as_str() == "items" {
            let secret = |row: &Json| row.get("secret").and_then(Json::as_str).map(str::to_owned);
            let secrets: String = self.items(context).iter().filter_map(secret).collect();
            row.cells.truncate(row.cells.len() - 1);
            row.cells.push(Cell::Unreadable { shown: secrets });
        }
        for cell in &mut row.cells {
            match cell {
                Cell::Value(Value::Text(text)) if self.has(Fault::LowersTexts) => {
                    *text = text.to_lowercase();
                }
                Cell::Cut { shown, .. } if self.has(Fault::CutsWithoutAMark) => {
                    *cell = Cell::Value(Value::Text(shown.clone()));
                }
                _ => {}
            }
        }
    }

    /// A constraint, as databases have them.
    fn checked(&self, context: &TenantContext, change: &RowChange) -> Result<(), TablesError> {
        let (ChangeKind::Insert(values) | ChangeKind::Update(_, _, values)) = change.kind() else {
            return Ok(());
        };
        let table = change.table().name().clone();
        let items = self.items(context);
        for (column, value) in values.iter() {
            let constraint = None;
            let refusal = match value {
                Value::Decimal(price) if price.as_str().starts_with('-') => {
                    ChangeRefusal::Check { constraint }
                }
                Value::Uuid(_)
                    if items
                        .iter()
                        .any(|row| row.get(column.name().as_str()) == Some(&value.to_json())) =>
                {
                    ChangeRefusal::Unique { constraint }
                }
                _ => continue,
            };
            if self.has(Fault::TellsTheRow) {
                let source = format!("failing row contains {items:?}").into();
                return Err(TablesError::Failed { table, source });
            }
            return Err(TablesError::Refused { table, refusal });
        }
        Ok(())
    }

    /// The same change, of the row as it is now.
    fn of_the_row_as_it_is(&self, context: &TenantContext, change: &RowChange) -> RowChange {
        let (plan, values) = match change.kind() {
            ChangeKind::Update(plan, _, values) => (plan, Some(values)),
            ChangeKind::Delete(plan, _) => (plan, None),
            _ => return change.clone(),
        };
        let found = block_on(self.unrecorded().row(context, plan)).expect("read");
        let Some(row) = found else {
            return change.clone();
        };
        let (tenant, table) = (plan.tenant(), plan.table());
        let version = row.version(tenant, table);
        let key = RowKey::of(plan.key_values()).expect("a key");
        let (all, name) = (declared().expect("declared"), table.name().as_str());
        match values {
            Some(values) => RowChange::update(&all, tenant, name, &key, &given(values), version)
                .expect("a change"),
            None => RowChange::delete(&all, tenant, name, &key, version).expect("a change"),
        }
    }

    async fn made(&self, context: &TenantContext, change: &RowChange) -> Result<Row, TablesError> {
        let record = || {
            let at = chrono::DateTime::UNIX_EPOCH;
            change.record(context, at, None, None).expect("a record")
        };
        match self.fault {
            Some(Fault::RecordsNothing) => self.unrecorded().change(context, change).await,
            Some(Fault::RecordsFirst) => {
                self.audit.append(&record()).await.expect("recorded");
                self.unrecorded().change(context, change).await
            }
            Some(Fault::RecordsAfterwards) => {
                let row = self.unrecorded().change(context, change).await?;
                let recorded = self.audit.append(&record()).await;
                recorded.map_err(|source| TablesError::Unrecorded { source })?;
                Ok(row)
            }
            _ => self.whole(self.audit.clone()).change(context, change).await,
        }
    }
}

fn of(tenant: &Tenant) -> TenantContext {
    TenantContext::for_maintenance(tenant, Actor::system()).expect("it has a schema")
}

fn planned(tenant: TenantId, query: &TableQuery) -> PagePlan {
    let all = declared().expect("declared");
    PagePlan::new(&all, tenant, query, CellLimit::PAGE).expect("a plan")
}

fn given(values: &NewValues) -> Vec<GivenValue> {
    let values = values.iter();
    values
        .map(|(column, value)| (column.name().as_str().to_owned(), value.clone()))
        .collect()
}

#[async_trait]
impl TenantTables for Faulty {
    async fn page(&self, context: &TenantContext, plan: &PagePlan) -> Found {
        let context = &self.context(context, plan.tenant());
        if self.has(Fault::WritesOnReading) && plan.table().name().as_str() == "noisy" {
            let row = serde_json::json!({ "id": 99, "name": "noise" });
            self.within(context, |connection| connection.insert("items", row));
            return Ok(Vec::new());
        }
        let mut found = match self.unrecorded().page(context, plan).await {
            Err(TablesError::NotAsDeclared { .. })
                if self.has(Fault::TakesMissingTablesForEmpty) =>
            {
                Vec::new()
            }
            Err(TablesError::Scope(_)) if self.has(Fault::TakesMissingSchemasForEmpty) => {
                Vec::new()
            }
            found => found?,
        };
        let mut conditions = plan.conditions();
        let is_pattern =
            |test: &Test| matches!(test, Test::Contains(part) if part.contains(['%', '_']));
        let is_first = plan.position().is_none();
        match self.fault {
            Some(Fault::AddsAnotherTenantsRows) if is_first => {
                for other in self.others(plan.tenant()) {
                    found.extend(self.unfiltered(&other, plan));
                }
            }
            Some(Fault::ForgetsFilters) if is_first && conditions.next().is_some() => {
                found = self.unfiltered(&self.owner(plan), plan);
            }
            Some(Fault::TakesPatterns)
                if is_first && conditions.any(|(_, test)| is_pattern(test)) =>
            {
                found = self.unfiltered(&self.owner(plan), plan);
            }
            Some(Fault::NeverLooksAhead) => found.truncate(usize::from(plan.size().number())),
            Some(Fault::SortsBackwards) => found.reverse(),
            Some(Fault::RepeatsTheLastRow) => {
                let size = usize::from(plan.size().number());
                let mut last = self.last.lock().expect("no panic");
                let before = last.take();
                *last = found.get(size - 1).cloned();
                if let (false, Some(before)) = (is_first, before) {
                    found.insert(0, before);
                }
            }
            Some(Fault::PutsNullsFirst) => {
                found.sort_by_key(|found| found.position[0] != Value::Null);
            }
            _ => {}
        }
        for found in &mut found {
            self.spoil(context, plan.table(), &mut found.row);
        }
        Ok(found)
    }

    async fn row(
        &self,
        context: &TenantContext,
        plan: &RowPlan,
    ) -> Result<Option<Row>, TablesError> {
        let context = &self.context(context, plan.tenant());
        let mut found = self.unrecorded().row(context, plan).await?;
        if self.has(Fault::LooksEverywhereByKey) && found.is_none() {
            let key = RowKey::of(plan.key_values()).expect("a key");
            for other in self.others(plan.tenant()) {
                let (all, name) = (declared().expect("declared"), plan.table().name().as_str());
                let plan = RowPlan::new(&all, other.id(), name, &key).expect("a plan");
                found = found.or(self.unrecorded().row(&of(&other), &plan).await?);
            }
        }
        if let Some(row) = &mut found {
            self.spoil(context, plan.table(), row);
            for cell in &mut row.cells {
                let most = usize::try_from(CellLimit::PAGE.number()).expect("a size");
                match cell {
                    Cell::Value(Value::Text(text))
                        if self.has(Fault::CutsRowsAsPages) && text.len() > most =>
                    {
                        *cell = Cell::Cut {
                            shown: text[..most].to_owned(),
                            bytes: text.len() as u64,
                        };
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    async fn change(
        &self,
        context: &TenantContext,
        change: &RowChange,
    ) -> Result<Row, TablesError> {
        let context = &self.context(context, change.tenant());
        if context.id() == change.tenant() {
            self.checked(context, change)?;
        }
        let name = change.table().name().as_str();
        let mut row = match (self.fault, change.kind()) {
            (Some(Fault::IgnoresVersions), _) => {
                let change = self.of_the_row_as_it_is(context, change);
                match self.made(context, &change).await {
                    // Somebody was quicker: once more, and once more.
                    Err(TablesError::Stale { .. }) => {
                        let change = self.of_the_row_as_it_is(context, &change);
                        self.made(context, &change).await?
                    }
                    row => row?,
                }
            }
            (Some(Fault::NeverDeletes), ChangeKind::Delete(plan, _)) => {
                let row = self.unrecorded().row(context, plan).await?;
                change.check(row.as_ref())?;
                row.ok_or_else(|| TablesError::NotFound {
                    table: change.table().name().clone(),
                })?
            }
            _ => self.made(context, change).await?,
        };
        match (self.fault, change.kind()) {
            (Some(Fault::ChangesEveryRow), ChangeKind::Update(_, _, values)) => {
                self.within(context, |connection| {
                    connection.update(name, |row| {
                        for (column, value) in values.iter() {
                            row[column.name().as_str()] = value.to_json();
                        }
                        true
                    })
                });
            }
            (Some(Fault::WipesWhatIsNotDeclared), ChangeKind::Update(..)) => {
                self.within(context, |connection| {
                    connection.update(name, |row| {
                        row["secret"] = Json::Null;
                        true
                    })
                });
            }
            (Some(Fault::LosesNewRows), ChangeKind::Insert(_)) => {
                self.within(context, |connection| connection.delete(name, |_| true));
            }
            _ => {}
        }
        self.spoil(context, change.table(), &mut row);
        Ok(row)
    }
}

impl Faulty {
    fn owner(&self, plan: &PagePlan) -> Tenant {
        let tenants = self.tenants();
        let owner = tenants.iter().find(|tenant| tenant.id() == plan.tenant());
        owner.expect("a tenant with tables").clone()
    }
}

impl TableHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const VIEWS_CAN_WRITE: bool = false;
    const HAS_CHECKS: bool = true;

    fn start() -> Self {
        Self(Arc::new(Faulty {
            fault: FAULT.get(),
            database: MemoryDatabase::new(),
            audit: Arc::default(),
            tenants: Mutex::default(),
            last: Mutex::default(),
        }))
    }

    fn tables(&self) -> Arc<dyn TenantTables> {
        self.0.clone()
    }

    fn audit(&self) -> Arc<dyn AuditStore> {
        self.0.audit.clone()
    }

    fn provision(&self, tenant: &Tenant) {
        let migrations = ["items", "pairs"].map(MemoryMigration::create_table);
        let schemas = MemorySchemaProvider::new(self.0.database.clone(), migrations);
        block_on(schemas.create(&tenant.schema())).expect("created");
        self.0
            .tenants
            .lock()
            .expect("no panic")
            .push(tenant.clone());
    }

    fn put(&self, tenant: &Tenant, table: &str, values: &[(&str, Value)]) {
        let row: Map<String, Json> = values
            .iter()
            .map(|(column, value)| ((*column).to_owned(), value.to_json()))
            .collect();
        self.0.within(&of(tenant), |connection| {
            connection.insert(table, Json::Object(row))
        });
    }

    fn items(&self, tenant: &Tenant, column: &str) -> Vec<(i64, Option<String>)> {
        let item = |row: &Json| {
            let id = row["id"].as_i64().expect("a number");
            (id, row[column].as_str().map(str::to_owned))
        };
        let mut items: Vec<_> = self.0.items(&of(tenant)).iter().map(item).collect();
        items.sort();
        items
    }

    fn close_audit(&self) {
        self.0.audit.close(true);
    }
}

#[test]
fn each_behaviour_is_broken_by_some_tables_and_all_broken_tables_break_one() {
    all_can_fail(&FAULT, FAULTS, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
