use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use async_trait::async_trait;

use super::{AuditStoreError, ScopeError};
use crate::tables::{CellLimit, FoundRow, Identifier, PagePlan, Row, RowChange, RowPlan};
use crate::{BoxError, Retry, TenantContext, TenantId};

/// Where the rows of a tenant's declared tables are read and changed, one tenant at a time.
///
/// Hosts use a [`TableBrowser`](crate::tables::TableBrowser), which makes the plans: a plan can't name what isn't declared.
///
/// # Contract
/// - **Inside the tenant.** Every call runs in the scope of its context, and its statements name the tenant's schema. A plan of
///   another tenant is [`TablesError::AnotherTenants`], before any statement.
/// - **No SQL from outside.** Names come from the declaration, quoted; values are bound.
/// - **Reading writes nothing.** [`page`](Self::page) and [`row`](Self::row) run in a transaction that can't write: a view
///   whose function writes fails as [`TablesError::WroteOnReading`].
/// - **Nothing runs for ever.** A statement that lasts longer than the adapter's time-out ends as [`TablesError::TimedOut`].
/// - **No change without its record.** [`change`](Self::change) makes the change if and only if the row is what the plan expects
///   ([`RowChange::check`]), and [what it says](RowChange::record) is in the tenant's audit log before the change is committed.
///   If it can't be logged, nothing has changed. Where log and rows are in one database, both are committed at once; elsewhere
///   a change whose commit fails may be in the log.
/// - **Secrets stay.** A column that isn't declared, or is secret, is in no statement, and nothing that the database says of a
///   failure is passed on but the name of a constraint.
/// - A dropped future leaves the change done, with its record, or not done.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TenantTables: Send + Sync {
    /// The rows of a page, and one more if there is one, in the plan's order.
    ///
    /// Following the pages to the end shows each row that was there all along exactly once, unless the column that it is sorted
    /// by was changed meanwhile.
    ///
    /// # Errors
    /// [`TablesError`].
    async fn page(
        &self,
        context: &TenantContext,
        plan: &PagePlan,
    ) -> Result<Vec<FoundRow>, TablesError>;

    /// One row, if it is there, of each value as much as [`CellLimit::ROW`].
    ///
    /// # Errors
    /// [`TablesError`].
    async fn row(
        &self,
        context: &TenantContext,
        plan: &RowPlan,
    ) -> Result<Option<Row>, TablesError>;

    /// Changes one row, and records it. Gives the row as it is then, or as it was, if it was deleted.
    ///
    /// # Errors
    /// [`TablesError`]: nothing has changed then.
    async fn change(&self, context: &TenantContext, change: &RowChange)
    -> Result<Row, TablesError>;
}

/// Refuses a plan that was made for another tenant than the context's: what every [`TenantTables`] asks before anything else.
///
/// # Errors
/// [`TablesError::AnotherTenants`].
pub fn same_tenant(context: &TenantContext, planned: TenantId) -> Result<(), TablesError> {
    let inside = context.id();
    if inside == planned {
        return Ok(());
    }
    Err(TablesError::AnotherTenants { planned, inside })
}

/// Why a [`TenantTables`] didn't do what it was asked. None says more of a row than that it is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TablesError {
    /// The plan was made for another tenant than the context's.
    #[error("the plan is of tenant {planned}, and the scope of {inside}: plan it anew")]
    AnotherTenants {
        /// Whose plan.
        planned: TenantId,
        /// Whose scope.
        inside: TenantId,
    },
    /// The row isn't there.
    #[error("the row of table {table} isn't there any more")]
    NotFound {
        /// In which table.
        table: Identifier,
    },
    /// The row was changed since it was read.
    #[error(
        "the row of table {table} changed since it was read: read it again and repeat the change"
    )]
    Stale {
        /// In which table.
        table: Identifier,
    },
    /// A value that is changed was never shown as a whole.
    #[error("column {column} of table {table} holds more than {} characters: change it elsewhere", CellLimit::ROW.number())]
    TooLarge {
        /// In which table.
        table: Identifier,
        /// In which column.
        column: Identifier,
    },
    /// Several rows have the key.
    #[error("table {table} has several rows with one key: declare a key that tells its rows apart")]
    KeyNotUnique {
        /// Which.
        table: Identifier,
    },
    /// A row whose key, or what it is sorted by, is null where it can't be, too long, or of another kind than declared.
    #[error(
        "a row of table {table} has no place: its key, or what it is sorted by, isn't as declared"
    )]
    KeyUnreadable {
        /// Which.
        table: Identifier,
    },
    /// The tenant's table isn't what is declared.
    #[error("the tenant's table {table} isn't as it is declared: {reason}")]
    NotAsDeclared {
        /// Which.
        table: Identifier,
        /// What is wrong: a table or column that isn't there, a kind.
        reason: String,
    },
    /// The database refused the change for what it would make of the row.
    #[error("the database refused the change of table {table}: {refusal}")]
    Refused {
        /// In which table.
        table: Identifier,
        /// Why.
        refusal: ChangeRefusal,
    },
    /// Reading a view would have written.
    #[error("reading table {table} would have written: browse nothing that does")]
    WroteOnReading {
        /// Which.
        table: Identifier,
    },
    /// A statement took longer than the adapter lets it.
    #[error("table {table} didn't answer in time: filter by more, or have an index made")]
    TimedOut {
        /// Which.
        table: Identifier,
    },
    /// The change couldn't be recorded, and so wasn't made.
    #[error("the change couldn't be recorded in the audit log, so it wasn't made")]
    Unrecorded {
        /// Why not.
        source: AuditStoreError,
    },
    /// The tenant's scope couldn't be entered, or left.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The store failed for a reason that this port has no name for. What it said isn't passed on.
    #[error("a statement on table {table} failed: see the database's own log")]
    Failed {
        /// On which table.
        table: Identifier,
        /// What is known of it, without any value.
        source: BoxError,
    },
}

/// What a database refuses a change for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// Another row has the value already.
    #[error("another row has that value already{}", named(constraint.as_deref()))]
    Unique {
        /// The constraint's name.
        constraint: Option<String>,
    },
    /// A row of another table is missing, or is left behind.
    #[error("it refers to a row that isn't there, or is referred to{}", named(constraint.as_deref()))]
    Reference {
        /// The constraint's name.
        constraint: Option<String>,
    },
    /// A check of the table's.
    #[error("a check of the table doesn't hold{}", named(constraint.as_deref()))]
    Check {
        /// The constraint's name.
        constraint: Option<String>,
    },
    /// A column has to have a value.
    #[error("a column needs a value")]
    NotNull,
    /// A value doesn't fit its column: too long, out of range, none of an enumeration's.
    #[error("a value doesn't fit its column")]
    Value,
    /// The role may not do that, or the table can't be changed.
    #[error("the table can't be changed so")]
    Forbidden,
}

fn named(constraint: Option<&str>) -> String {
    constraint.map_or_else(String::new, |name| alloc::format!(" ({name})"))
}

impl TablesError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Scope(error) => error.retry(),
            Self::Unrecorded { source } => source.retry(),
            Self::TimedOut { .. } => Retry::Later,
            Self::AnotherTenants { .. }
            | Self::NotFound { .. }
            | Self::Stale { .. }
            | Self::TooLarge { .. }
            | Self::KeyNotUnique { .. }
            | Self::KeyUnreadable { .. }
            | Self::NotAsDeclared { .. }
            | Self::Refused { .. }
            | Self::WroteOnReading { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
