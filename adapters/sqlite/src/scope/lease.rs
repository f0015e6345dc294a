use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use tenantry::ports::{ScopeError, ScopeMode};

use super::thread::Place;
use crate::connection::{Guarded, Owner, Residue, Scoped};
use crate::error::for_scope;
use crate::pool::Files;

/// How a scope is entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enter {
    pub(crate) owner: Owner,
    pub(crate) mode: ScopeMode,
}

/// A connection that is in one scope. Dropping it without an end rolls everything back, and closes the connection.
pub(crate) struct Lease<C: Scoped> {
    connection: Option<C>,
    serial: u64,
    enter: Enter,
    files: Arc<Files>,
    // Last, so that the thread is in its scope until the connection is given back.
    _place: Option<Place>,
}

impl<C: Scoped> Lease<C> {
    /// Enters a scope: finds out that the thread may, takes a connection, proves whose it is, and begins.
    pub(crate) fn enter(files: &Arc<Files>, enter: Enter) -> Result<Self, ScopeError> {
        let place = Place::enter(enter.owner)?;
        Self::enter_at(files, enter, Some(place))
    }

    /// The same for Tenantry's own records, which are no host's scope: whatever scope the thread is in.
    pub(crate) fn enter_apart(files: &Arc<Files>, enter: Enter) -> Result<Self, ScopeError> {
        Self::enter_at(files, enter, None)
    }

    fn enter_at(
        files: &Arc<Files>,
        enter: Enter,
        place: Option<Place>,
    ) -> Result<Self, ScopeError> {
        let nested = place.as_ref().is_some_and(Place::is_nested);
        let file = files.take(enter.owner)?;
        let serial = file.serial;
        let mut lease = Self {
            connection: Some(C::wrap(Guarded::new(file, enter.mode))),
            serial,
            enter,
            files: Arc::clone(files),
            _place: place,
        };
        lease.begin(nested)?;
        Ok(lease)
    }

    /// The connection, for the work. `None` only after the end.
    pub(crate) fn connection(&mut self) -> Option<&mut C> {
        self.connection.as_mut()
    }

    /// The connection, to look at. `None` only after the end.
    pub(crate) fn peek(&self) -> Option<&C> {
        self.connection.as_ref()
    }

    /// Ends the scope after work that went well: commits, and gives the connection back.
    ///
    /// `may_commit` is asked at the last moment.
    pub(crate) fn finish(mut self, may_commit: impl FnOnce() -> bool) -> Result<(), ScopeError> {
        let Some(mut guarded) = self.own_connection() else {
            return Err(ScopeError::TransactionEnded);
        };
        if self.enter.mode == ScopeMode::Session {
            self.give_back(guarded);
            return Ok(());
        }
        let whole = !guarded.transaction_ended() && guarded.depth().is_ok_and(|depth| depth == 1);
        if !whole {
            self.discard(guarded);
            return Err(ScopeError::TransactionEnded);
        }
        if !may_commit() {
            self.roll_back(guarded);
            return Err(ScopeError::Cancelled);
        }
        match AnsiTransactionManager::commit_transaction(&mut guarded.file().connection) {
            Ok(()) => {
                self.give_back(guarded);
                Ok(())
            }
            Err(error) => {
                self.discard(guarded);
                Err(self.error(error))
            }
        }
    }

    /// Ends the scope after work that failed: rolls back, and gives the connection back.
    pub(crate) fn abandon(mut self) {
        let Some(mut guarded) = self.own_connection() else {
            return;
        };
        match self.enter.mode {
            ScopeMode::Session => self.give_back(guarded),
            ScopeMode::Transaction if guarded.transaction_ended() => self.discard(guarded),
            ScopeMode::Transaction => self.roll_back(guarded),
        }
    }

    /// A scope inside one of the same tenant has a connection of its own. The outer one may hold the write lock, which
    /// the inner one must not wait for before it is known to write.
    fn begin(&mut self, nested: bool) -> Result<(), ScopeError> {
        let mode = self.enter.mode;
        let owner = self.enter.owner;
        let Some(connection) = self.connection.as_mut() else {
            return Err(ScopeError::TransactionEnded);
        };
        let file = connection.guarded().file();
        if mode == ScopeMode::Transaction {
            let sql = if nested { "BEGIN" } else { "BEGIN IMMEDIATE" };
            AnsiTransactionManager::begin_transaction_sql(&mut file.connection, sql)
                .map_err(|error| for_scope(owner.schema(), error.into()))?;
        }
        file.prove()
    }

    /// Takes the connection out, and makes sure that the work hasn't put another in its place.
    fn own_connection(&mut self) -> Option<Guarded> {
        let guarded = self.connection.take()?.unwrap();
        if guarded.serial() == self.serial {
            return Some(guarded);
        }
        self.discard(guarded);
        None
    }

    fn roll_back(&self, mut guarded: Guarded) {
        let depth = guarded.depth();
        let connection = &mut guarded.file().connection;
        let clean = match depth {
            Ok(1) => AnsiTransactionManager::rollback_transaction(connection).is_ok(),
            _ => false,
        };
        if clean {
            self.give_back(guarded);
        } else {
            self.discard(guarded);
        }
    }

    /// Parks the connection for the next borrower if nothing can be left on it, and closes it otherwise.
    ///
    /// Work that only read and wrote rows leaves nothing. After transactions of its own, SQLite is asked whether one
    /// is open still. Settings, temporary tables and changed schemas aren't undone: opening the file anew is cheap.
    fn give_back(&self, mut guarded: Guarded) {
        let reusable = match guarded.residue() {
            Residue::None => true,
            Residue::Transactions => no_transaction_is_open(&mut guarded),
            Residue::Settings | Residue::Schema => false,
        };
        if reusable && guarded.open_cursors() == 0 && guarded.file().rest() {
            self.files.park(guarded.into_file());
        } else {
            self.discard(guarded);
        }
    }

    fn discard(&self, mut guarded: Guarded) {
        let changed = guarded.residue() == Residue::Schema;
        let cursors = guarded.open_cursors();
        let owner = guarded.file().owner();
        let file = guarded.into_file();
        if changed {
            // Without it, connections elsewhere learn of the change when SQLite prepares their statements anew.
            let _ = file.announce_change();
        }
        if cursors == 0 {
            // Closing rolls back whatever is open.
            drop(file);
        } else {
            self.files.leak(file);
        }
        self.files.closed(owner);
    }

    fn error(&self, error: diesel::result::Error) -> ScopeError {
        for_scope(self.enter.owner.schema(), error.into())
    }
}

impl<C: Scoped> Drop for Lease<C> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.discard(connection.unwrap());
        }
    }
}

/// Whether SQLite itself says that no transaction is open, by beginning one, and Diesel thinks so too.
fn no_transaction_is_open(guarded: &mut Guarded) -> bool {
    if !guarded.depth().is_ok_and(|depth| depth == 0) {
        return false;
    }
    let connection = &mut guarded.file().connection;
    connection.batch_execute("BEGIN").is_ok() && connection.batch_execute("COMMIT").is_ok()
}
