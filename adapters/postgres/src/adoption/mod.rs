//! Moving the rows of an application that had one tenant into that tenant's schema.
//!
//! ```text
//!  plan     which tables, in which order; do their columns agree?      nothing is changed
//!  copy     shared rows that the tenant lacks, in batches              a transaction each
//!  verify   counts and sums of both sides, and which rows differ       one snapshot
//!  remove   shared rows that stand in the tenant's table unchanged     a transaction each, when asked for
//! ```
//!
//! Each part looks at what is there, so that a run which was cut short is finished by running it again. Rows are
//! compared by a digest of 60 bits of all that is in them, written as text. A row is removed only where the copy under
//! its key has the same: what was written meanwhile is left. The next run copies what is new; what was changed on one
//! side after it was copied is for a person to mend.
//!
//! The application should not write while its rows move. If it does, nothing is lost; the report says what differs.

mod copy;
mod error;
mod order;
mod remove;
mod sequences;
mod table;
mod verify;
mod work_list;

use diesel::PgConnection;
use tenantry::TenantSchema;

pub use error::AdoptionError;
pub use verify::{Sum, TableReport};

use table::Table;

/// What to move, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The schema that the rows are in now: `public`, mostly.
    pub shared_schema: String,
    /// The tables, in any order; one that refers to another of them is copied after it. Each needs a primary key.
    pub tables: Vec<String>,
    /// How many rows are copied or removed in one transaction, at least 1.
    pub batch: u32,
    /// Whether the shared rows are removed once the copies are verified.
    pub remove: bool,
}

/// How far an adoption is, after each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdoptionProgress<'a> {
    /// What is being done.
    pub phase: AdoptionPhase,
    /// In which table.
    pub table: &'a str,
    /// How many rows of this table are done in this run.
    pub done: i64,
    /// How many rows of this table this run has to do.
    pub total: i64,
}

/// The parts of an adoption that take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionPhase {
    /// Shared rows go into the tenant's table.
    Copy,
    /// Shared rows that were copied go.
    Remove,
}

/// Copies, verifies and, if asked for, removes.
///
/// The tables must be in the tenant's schema already, with the same columns: its migrations make them. Sequences of
/// the tenant's tables are moved past the copied rows.
///
/// # Errors
/// See [`AdoptionError`]. Whatever was copied stays, and the same call goes on from there. Nothing is removed
/// unless every table was verified. Nothing is done at all if removing rows would change others by ON DELETE
/// CASCADE, SET NULL or SET DEFAULT.
pub fn adopt(
    connection: &mut PgConnection,
    schema: &TenantSchema,
    adoption: &Adoption,
    progress: &mut dyn FnMut(AdoptionProgress<'_>),
) -> Result<Vec<TableReport>, AdoptionError> {
    table::prove_owner(connection, schema)?;
    let tables = plan(connection, schema, adoption)?;
    for table in &tables {
        copy::copy(connection, table, adoption.batch, progress)?;
        sequences::move_past_rows(connection, table)?;
    }
    let mut reports = verify::verify(connection, &tables)?;
    verify::refuse_differences(&reports)?;
    if adoption.remove {
        for (table, report) in tables.iter().zip(&mut reports).rev() {
            report.removed = remove::remove(connection, table, adoption.batch, progress)?;
        }
    }
    Ok(reports)
}

fn plan(
    connection: &mut PgConnection,
    schema: &TenantSchema,
    adoption: &Adoption,
) -> Result<Vec<Table>, AdoptionError> {
    if adoption.tables.is_empty() || adoption.batch == 0 {
        return Err(AdoptionError::NothingToDo);
    }
    let mut names = adoption.tables.clone();
    names.sort();
    names.dedup();
    if adoption.remove {
        order::refuse_cascades(connection, &adoption.shared_schema, &names)?;
    }
    let ordered = order::parents_first(connection, &adoption.shared_schema, &names)?;
    let read = |name: &String| Table::read(connection, &adoption.shared_schema, schema, name);
    ordered.iter().map(read).collect()
}
