use tenantry::ports::ScopeError;

use crate::{Residue, Violation};

/// One connection inside a scope, as the suite uses it.
///
/// An adapter implements it once for its tenant connection and once for its shared one, over the tables that
/// [`Harness`](crate::Harness) lists. Statements name tables without their schema. What the adapter can't do answers
/// [`unsupported`], which is what the default bodies do.
pub trait Probe {
    /// Inserts one row into the scope's own table: `items` in a tenant, `notices` in the shared schema.
    ///
    /// # Errors
    /// What the statement said.
    fn insert(&mut self, value: i64) -> Result<(), ProbeError>;

    /// Every value of the scope's own table, ascending.
    ///
    /// # Errors
    /// What the statement said.
    fn values(&mut self) -> Result<Vec<i64>, ProbeError>;

    /// Every value of `table`, ascending, by a statement that doesn't say which schema it is in.
    ///
    /// # Errors
    /// What the statement said: that there is no such table, say.
    fn values_of(&mut self, table: &str) -> Result<Vec<i64>, ProbeError>;

    /// The names of the tables in the scope's schema, ascending, without the ledger of migrations and the like that
    /// the adapter keeps there for itself.
    ///
    /// # Errors
    /// What the statement said.
    fn tables(&mut self) -> Result<Vec<String>, ProbeError>;

    /// The migrations that the ledger in the scope's own schema says were run, in order.
    ///
    /// # Errors
    /// What the statement said.
    fn ledger(&mut self) -> Result<Vec<String>, ProbeError>;

    /// Adds `amount` to every value of the scope's own table, and says how many rows that changed.
    ///
    /// # Errors
    /// What the statement said. A tenant's probe has to support it.
    fn add_to_all(&mut self, amount: i64) -> Result<usize, ProbeError> {
        let _ = amount;
        Err(unsupported("changing rows"))
    }

    /// Deletes every row of the scope's own table, and says how many there were.
    ///
    /// # Errors
    /// What the statement said. A tenant's probe has to support it.
    fn clear(&mut self) -> Result<usize, ProbeError> {
        Err(unsupported("deleting rows"))
    }

    /// Inserts one row into `table`, by a statement that doesn't say which schema it is in.
    ///
    /// # Errors
    /// What the statement said. A tenant's probe has to support it.
    fn insert_into(&mut self, table: &str, value: i64) -> Result<(), ProbeError> {
        let _ = (table, value);
        Err(unsupported("inserting into a named table"))
    }

    /// The next number of the tenant's sequence `item_numbers`, which begins at 1.
    ///
    /// # Errors
    /// What the statement said, or [`unsupported`].
    fn next_number(&mut self) -> Result<i64, ProbeError> {
        Err(unsupported("a sequence"))
    }

    /// The sum of the tenant's values, read through its view `item_sum`. 0 without rows.
    ///
    /// # Errors
    /// What the statement said, or [`unsupported`].
    fn sum_by_view(&mut self) -> Result<i64, ProbeError> {
        Err(unsupported("a view"))
    }

    /// The sum of the tenant's values, computed by its function `sum_of_items()`. 0 without rows.
    ///
    /// # Errors
    /// What the statement said, or [`unsupported`].
    fn sum_by_function(&mut self) -> Result<i64, ProbeError> {
        Err(unsupported("a function"))
    }

    /// Writes `state` to the tenant's table `states`, bound as the tenant's own enum type `state` (`new`, `old`), and
    /// gives back every state that the table then holds, ascending.
    ///
    /// # Errors
    /// What the statement said, or [`unsupported`].
    fn keep_state(&mut self, state: &str) -> Result<Vec<String>, ProbeError> {
        let _ = state;
        Err(unsupported("a type of the tenant's own"))
    }

    /// Runs `work` after a savepoint, and rolls back to it.
    ///
    /// # Errors
    /// What a statement or `work` said, or [`unsupported`].
    fn rolled_back(&mut self, work: Work<'_>) -> Result<(), ProbeError> {
        let _ = work;
        Err(unsupported("a savepoint"))
    }

    /// Which connection this is, for as long as it lives: the backend's process, say.
    ///
    /// # Errors
    /// What the statement said, or [`unsupported`].
    fn connection_id(&mut self) -> Result<u64, ProbeError> {
        Err(unsupported("the identity of a connection"))
    }

    /// Leaves `residue` behind on the connection, carelessly and on purpose, past whatever the adapter offers.
    ///
    /// # Errors
    /// What a statement said, or [`unsupported`].
    fn leave_behind(&mut self, residue: Residue) -> Result<(), ProbeError> {
        let _ = residue;
        Err(unsupported("leaving something behind"))
    }

    /// Whether `residue`, left behind earlier, is on this connection now.
    ///
    /// # Errors
    /// What a statement said, or [`unsupported`].
    fn sees(&mut self, residue: Residue) -> Result<bool, ProbeError> {
        let _ = residue;
        Err(unsupported("seeing what was left behind"))
    }
}

/// What the suite does inside a scope.
pub type Work<'a> = &'a mut dyn FnMut(&mut dyn Probe) -> Result<(), ProbeError>;

/// The error of a harness that can't do `what`: what a behaviour has to end in without the claim.
pub fn unsupported(what: &'static str) -> ProbeError {
    ScopeError::Unsupported { what }.into()
}

/// Why work inside a scope ended early.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The adapter refused or failed.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The behaviour saw something wrong.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The behaviour fails its work on purpose, to see what the adapter makes of it.
    #[error("the work failed on purpose")]
    OnPurpose,
}
