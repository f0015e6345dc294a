use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;
use tenantry::TenantSchema;
use tenantry::ports::ScopeError;

use crate::database::{Place, Schema};
use crate::scopes::{in_use, owned};
use crate::{MemoryDatabase, TableError, Tables};

/// What a tenant's tables are used through, inside its scope.
///
/// ```compile_fail
/// # use tenantry_memory::{SharedConnection, TenantConnection};
/// fn tenant_rows(connection: &mut TenantConnection) {}
/// fn in_the_shared_scope(connection: &mut SharedConnection) {
///     tenant_rows(connection); // a shared connection is no tenant's
/// }
/// ```
#[derive(Debug)]
pub struct TenantConnection(pub(crate) Handle);

/// What shared tables are used through, inside the shared scope.
#[derive(Debug)]
pub struct SharedConnection(pub(crate) Handle);

/// The rows that a scope works on.
#[derive(Debug)]
pub(crate) enum Handle {
    /// Those of its transaction, which others see once it is committed.
    Transaction {
        tables: Rc<RefCell<Tables>>,
        ledger: Vec<String>,
    },
    /// Those in the database, by a statement at a time.
    Session {
        database: MemoryDatabase,
        schema: TenantSchema,
    },
}

macro_rules! statements {
    ($($connection:ty),*) => {
        $(impl $connection {
            /// Adds a row at the end of a table.
            ///
            /// # Errors
            /// [`ScopeError::Failed`] if there is no such table in the scope's schema. Nothing has changed then.
            pub fn insert(&mut self, table: &str, row: Value) -> Result<(), ScopeError> {
                self.0.statement(|tables| tables.insert(table, row))
            }

            /// Every row of a table, in the order of insertion.
            ///
            /// # Errors
            /// [`ScopeError::Failed`] if there is no such table in the scope's schema.
            pub fn rows(&mut self, table: &str) -> Result<Vec<Value>, ScopeError> {
                self.0.statement(|tables| tables.rows(table).map(<[Value]>::to_vec))
            }

            /// Shows each row of a table to `change`, which says whether it changed it; counts those that it did.
            ///
            /// # Errors
            /// [`ScopeError::Failed`] if there is no such table in the scope's schema.
            pub fn update(
                &mut self,
                table: &str,
                change: impl FnMut(&mut Value) -> bool,
            ) -> Result<usize, ScopeError> {
                self.0.statement(|tables| tables.update(table, change))
            }

            /// Deletes the rows of a table that `unwanted` picks, and counts them.
            ///
            /// # Errors
            /// [`ScopeError::Failed`] if there is no such table in the scope's schema.
            pub fn delete(
                &mut self,
                table: &str,
                unwanted: impl FnMut(&Value) -> bool,
            ) -> Result<usize, ScopeError> {
                self.0.statement(|tables| tables.delete(table, unwanted))
            }

            /// The names of the tables in the scope's schema, ascending.
            ///
            /// # Errors
            /// [`ScopeError::SchemaMissing`], if the schema went away under a session scope.
            pub fn tables(&mut self) -> Result<Vec<String>, ScopeError> {
                self.0.statement(|tables| Ok(tables.names()))
            }

            /// The migrations that were run in the scope's schema, in order.
            ///
            /// # Errors
            /// [`ScopeError::SchemaMissing`], if the schema went away under a session scope.
            pub fn ledger(&mut self) -> Result<Vec<String>, ScopeError> {
                self.0.ledger()
            }
        })*
    };
}

statements!(TenantConnection, SharedConnection);

impl Handle {
    fn statement<T>(
        &mut self,
        run: impl FnOnce(&mut Tables) -> Result<T, TableError>,
    ) -> Result<T, ScopeError> {
        let failed = |error: TableError| ScopeError::Failed {
            source: error.into(),
        };
        match self {
            Self::Transaction { tables, .. } => run(&mut tables.borrow_mut()).map_err(failed),
            Self::Session { database, schema } => in_session(database, schema, |stored| {
                // A statement happens as a whole, so it works on a copy.
                let mut tables = stored.tables.clone();
                let answer = run(&mut tables).map_err(failed)?;
                stored.tables = tables;
                Ok(answer)
            }),
        }
    }

    fn ledger(&mut self) -> Result<Vec<String>, ScopeError> {
        match self {
            Self::Transaction { ledger, .. } => Ok(ledger.clone()),
            Self::Session { database, schema } => {
                in_session(database, schema, |stored| Ok(stored.ledger.clone()))
            }
        }
    }
}

fn in_session<T>(
    database: &MemoryDatabase,
    schema: &TenantSchema,
    run: impl FnOnce(&mut Schema) -> Result<T, ScopeError>,
) -> Result<T, ScopeError> {
    let mut state = database
        .when_free(Place::Tenant(schema.name))
        .ok_or_else(|| in_use(schema, database))?;
    run(owned(&mut state, schema)?)
}
