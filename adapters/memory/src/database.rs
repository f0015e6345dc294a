use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tenantry::ports::{Mark, MigrationReport};
use tenantry::{SchemaName, TenantId};

use crate::{MemoryMigration, SharedMigrationFailed, Tables};

/// Schemas of rows: one that is shared, and one for each tenant. A clone is another handle on the same.
#[derive(Clone)]
pub struct MemoryDatabase(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    freed: Condvar,
    patience: Duration,
}

pub(crate) type State = BTreeMap<Place, Schema>;

/// Where rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Shared,
    Tenant(SchemaName),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub(crate) owner: Option<TenantId>,
    pub(crate) ledger: Vec<String>,
    pub(crate) tables: Tables,
    /// Whether a transaction is open in it, which nobody else's may be then.
    pub(crate) taken: bool,
}

impl MemoryDatabase {
    /// An empty database, in which nobody waits for anybody longer than 5 s.
    pub fn new() -> Self {
        Self::with_patience(Duration::from_secs(5))
    }

    /// An empty database, in which nobody waits for anybody longer than `patience`.
    pub fn with_patience(patience: Duration) -> Self {
        let shared = (Place::Shared, Schema::default());
        Self(Arc::new(Inner {
            state: Mutex::new(State::from([shared])),
            freed: Condvar::new(),
            patience,
        }))
    }

    /// Runs the steps that the shared schema lacks, in order: all of them or none.
    ///
    /// # Errors
    /// [`SharedMigrationFailed`]: nothing has changed then.
    pub fn migrate_shared(
        &self,
        migrations: &[MemoryMigration],
    ) -> Result<MigrationReport, SharedMigrationFailed> {
        let mut state = self.state();
        state.entry(Place::Shared).or_default().migrate(migrations)
    }

    pub(crate) fn patience(&self) -> Duration {
        self.0.patience
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state once no transaction is open in `place`, or `None` if one still is when patience runs out.
    pub(crate) fn when_free(&self, place: Place) -> Option<MutexGuard<'_, State>> {
        let deadline = Instant::now() + self.0.patience;
        let mut state = self.state();
        while state.get(&place).is_some_and(|schema| schema.taken) {
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self
                .0
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Some(state)
    }

    pub(crate) fn free(&self, place: Place) {
        if let Some(schema) = self.state().get_mut(&place) {
            schema.taken = false;
        }
        self.0.freed.notify_all();
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for MemoryDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDatabase")
            .field("schemas", &self.state().len())
            .finish_non_exhaustive()
    }
}

impl Schema {
    pub(crate) fn of(owner: TenantId) -> Self {
        Self {
            owner: Some(owner),
            ..Self::default()
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        self.owner.map_or(Mark::None, Mark::Tenant)
    }

    pub(crate) fn migrate(
        &mut self,
        migrations: &[MemoryMigration],
    ) -> Result<MigrationReport, SharedMigrationFailed> {
        let mut tables = self.tables.clone();
        let mut applied = Vec::new();
        for migration in MemoryMigration::lacking(migrations, &self.ledger) {
            migration.run(&mut tables)?;
            applied.push(migration.name().to_owned());
        }
        self.tables = tables;
        self.ledger.extend(applied.iter().cloned());
        Ok(MigrationReport { applied })
    }
}
