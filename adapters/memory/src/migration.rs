use std::fmt;
use std::sync::Arc;

use tenantry::BoxError;

use crate::Tables;

/// A named step that changes the tables of one schema.
///
/// It runs on a copy that takes the tables' place if every step was fine, and while the database is locked: a step
/// uses the tables that it is given and nothing else of the database.
#[derive(Clone)]
pub struct MemoryMigration {
    name: String,
    run: Arc<Step>,
}

type Step = dyn Fn(&mut Tables) -> Result<(), BoxError> + Send + Sync;

impl MemoryMigration {
    /// A step of that name. Names are compared with the ledger, so that each is run once in a schema.
    pub fn new(
        name: impl Into<String>,
        run: impl Fn(&mut Tables) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            run: Arc::new(run),
        }
    }

    /// A step that makes an empty table: `create_items` for `items`.
    pub fn create_table(table: &str) -> Self {
        let name = format!("create_{table}");
        let table = table.to_owned();
        Self::new(name, move |tables| Ok(tables.create(&table)?))
    }

    /// What the ledger calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The steps that `ledger` lacks, in order.
    pub(crate) fn lacking(all: &[Self], ledger: &[String]) -> Vec<Self> {
        all.iter()
            .filter(|migration| !ledger.contains(&migration.name))
            .cloned()
            .collect()
    }

    pub(crate) fn run(&self, tables: &mut Tables) -> Result<(), SharedMigrationFailed> {
        (self.run)(tables).map_err(|source| SharedMigrationFailed {
            migration: self.name.clone(),
            source,
        })
    }
}

impl fmt::Debug for MemoryMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryMigration").field(&self.name).finish()
    }
}

/// A step that failed in the shared schema, which is as it was before.
#[derive(Debug, thiserror::Error)]
#[error("migration {migration} failed in the shared schema: mend it and run it again")]
pub struct SharedMigrationFailed {
    /// Which.
    pub migration: String,
    /// What it said.
    pub source: BoxError,
}
