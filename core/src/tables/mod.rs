//! Looking at a tenant's rows, whatever the application: the tables that the host declares, and no more of them than it says.
//!
//! ```text
//!  TableDeclaration, TableCatalogue   what may be seen and done, said once by the host
//!  TableQuery ──▶ PagePlan            names are looked up, values read by their column's kind, or refused
//!  RowKey ──▶ RowPlan, RowChange      the same for one row
//!  TenantTables                       the port: runs a plan inside one tenant, and nowhere else
//!  Row, Cell, Value                   what it gives; RowVersion: what a change is based on
//!  TableBrowser                       all of it, over the port; CsvExport (feature `csv`)
//! ```
//!
//! No text of whoever asks ever becomes SQL: a plan holds columns by their place in the declaration, and typed values.

mod browser;
mod change;
mod declaration;
mod error;
#[cfg(feature = "csv")]
mod export;
mod identifier;
mod kind;
mod plan;
mod query;
mod row;
mod token;
mod value;

pub use browser::{RowRead, TableBrowser};
pub use change::{ChangeKind, GivenValue, NewValues, RowChange};
pub use declaration::{
    ColumnDeclaration, DeclarationError, TableCatalogue, TableDeclaration, Writable,
};
pub use error::{BrowseError, QueryRefused};
#[cfg(feature = "csv")]
pub use export::CsvExport;
pub use identifier::{Identifier, IdentifierError};
pub use kind::{ColumnKind, ValueError};
pub use plan::{Comparison, FoundRow, OrderTerm, PagePlan, Position, RowPlan, TablePage, Test};
pub use query::{
    Direction, Filter, FilterOperator, FilterOperatorError, Sort, TableCursor, TableQuery,
};
pub use row::{Cell, CellLimit, Row, RowKey, RowTexts, RowVersion};
pub use value::{Decimal, Value};
