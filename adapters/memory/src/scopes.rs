use std::cell::RefCell;
use std::rc::Rc;

use tenantry::ports::{ScopeError, ScopeMode, ScopeName, TenantScopes};
use tenantry::{TenantContext, TenantSchema};

use crate::connection::Handle;
use crate::database::{Place, Schema, State};
use crate::{MemoryDatabase, SharedConnection, Tables, TenantConnection};

/// Runs work in one schema of a [`MemoryDatabase`].
///
/// A transaction works on a copy of its schema's tables, which takes their place when it is committed. Until then
/// others wait to enter the same schema, and are told [`ScopeError::TenantLimit`] or [`ScopeError::PoolExhausted`]
/// when the database's patience runs out. A scope inside one of the same tenant works in that one's transaction, as after
/// a savepoint.
#[derive(Clone, Debug)]
pub struct MemoryScopes {
    database: MemoryDatabase,
}

impl MemoryScopes {
    /// The scopes of this database.
    pub fn new(database: MemoryDatabase) -> Self {
        Self { database }
    }
}

impl TenantScopes for MemoryScopes {
    type Tenant = TenantConnection;
    type Shared = SharedConnection;

    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let scope = Scope::enter(&self.database, Some(context.schema()), mode)?;
        let answer = work(&mut TenantConnection(scope.handle()))?;
        scope.commit()?;
        Ok(answer)
    }

    fn in_shared<T, E>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        let scope = Scope::enter(&self.database, None, ScopeMode::Transaction)?;
        let answer = work(&mut SharedConnection(scope.handle()))?;
        scope.commit()?;
        Ok(answer)
    }
}

thread_local! {
    /// The scopes that this thread is in, the innermost last.
    static INSIDE: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

struct Frame {
    database: MemoryDatabase,
    name: ScopeName,
    transaction: Option<Transaction>,
}

#[derive(Clone)]
struct Transaction {
    tables: Rc<RefCell<Tables>>,
    ledger: Vec<String>,
}

/// One scope of this thread. Dropping it without a commit rolls back.
struct Scope {
    database: MemoryDatabase,
    /// The tenant's schema; the shared one if absent.
    schema: Option<TenantSchema>,
    kind: Kind,
}

enum Kind {
    Transaction(Transaction),
    Savepoint {
        within: Transaction,
        before: Option<Tables>,
    },
    Session(TenantSchema),
}

impl Scope {
    fn enter(
        database: &MemoryDatabase,
        schema: Option<TenantSchema>,
        mode: ScopeMode,
    ) -> Result<Self, ScopeError> {
        let wanted = schema.map_or(ScopeName::Shared, |schema| ScopeName::Tenant(schema.tenant));
        let kind = match (outer(database, wanted)?, schema, mode) {
            (Some(within), _, _) => {
                let before = Some(within.tables.borrow().clone());
                Kind::Savepoint { within, before }
            }
            (None, Some(schema), ScopeMode::Session) => {
                owned(&mut database.state(), &schema)?;
                Kind::Session(schema)
            }
            (None, ..) => Kind::Transaction(begin(database, schema)?),
        };
        let frame = Frame {
            database: database.clone(),
            name: wanted,
            transaction: kind.transaction().cloned(),
        };
        INSIDE.with_borrow_mut(|inside| inside.push(frame));
        Ok(Self {
            database: database.clone(),
            schema,
            kind,
        })
    }

    fn handle(&self) -> Handle {
        match &self.kind {
            Kind::Transaction(transaction)
            | Kind::Savepoint {
                within: transaction,
                ..
            } => Handle::Transaction {
                tables: transaction.tables.clone(),
                ledger: transaction.ledger.clone(),
            },
            Kind::Session(schema) => Handle::Session {
                database: self.database.clone(),
                schema: *schema,
            },
        }
    }

    fn commit(mut self) -> Result<(), ScopeError> {
        match &mut self.kind {
            Kind::Transaction(transaction) => {
                let mut state = self.database.state();
                at(&mut state, self.schema.as_ref())?.tables = transaction.tables.take();
            }
            Kind::Savepoint { before, .. } => *before = None,
            Kind::Session(_) => {}
        }
        Ok(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(Vec::pop);
        match &mut self.kind {
            Kind::Transaction(_) => self.database.free(place_of(self.schema.as_ref())),
            Kind::Savepoint { within, before } => {
                if let Some(before) = before.take() {
                    within.tables.replace(before);
                }
            }
            Kind::Session(_) => {}
        }
    }
}

impl Kind {
    fn transaction(&self) -> Option<&Transaction> {
        match self {
            Self::Transaction(transaction)
            | Self::Savepoint {
                within: transaction,
                ..
            } => Some(transaction),
            Self::Session(_) => None,
        }
    }
}

/// The transaction that this thread is in, if it is in one of this database.
fn outer(database: &MemoryDatabase, wanted: ScopeName) -> Result<Option<Transaction>, ScopeError> {
    INSIDE.with_borrow(|inside| {
        let here = inside.iter().rfind(|frame| frame.database.is(database));
        match here {
            Some(frame) if frame.name != wanted => Err(ScopeError::SwitchRefused {
                inside: frame.name,
                wanted,
            }),
            Some(frame) => Ok(frame.transaction.clone()),
            None => Ok(None),
        }
    })
}

fn begin(
    database: &MemoryDatabase,
    schema: Option<TenantSchema>,
) -> Result<Transaction, ScopeError> {
    let mut state = database
        .when_free(place_of(schema.as_ref()))
        .ok_or_else(|| match &schema {
            Some(schema) => in_use(schema, database),
            None => ScopeError::PoolExhausted {
                size: 1,
                waited: database.patience(),
            },
        })?;
    let found = at(&mut state, schema.as_ref())?;
    found.taken = true;
    Ok(Transaction {
        tables: Rc::new(RefCell::new(found.tables.clone())),
        ledger: found.ledger.clone(),
    })
}

fn place_of(schema: Option<&TenantSchema>) -> Place {
    schema.map_or(Place::Shared, |schema| Place::Tenant(schema.name))
}

fn at<'s>(
    state: &'s mut State,
    schema: Option<&TenantSchema>,
) -> Result<&'s mut Schema, ScopeError> {
    match schema {
        Some(schema) => owned(state, schema),
        None => Ok(state.entry(Place::Shared).or_default()),
    }
}

pub(crate) fn owned<'s>(
    state: &'s mut State,
    schema: &TenantSchema,
) -> Result<&'s mut Schema, ScopeError> {
    match state.get_mut(&Place::Tenant(schema.name)) {
        None => Err(ScopeError::SchemaMissing { schema: *schema }),
        Some(found) if found.owner == Some(schema.tenant) => Ok(found),
        Some(_) => Err(ScopeError::SchemaForeign { schema: *schema }),
    }
}

pub(crate) fn in_use(schema: &TenantSchema, database: &MemoryDatabase) -> ScopeError {
    ScopeError::TenantLimit {
        tenant: schema.tenant,
        limit: 1,
        waited: database.patience(),
    }
}
