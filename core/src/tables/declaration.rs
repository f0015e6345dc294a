use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;

use super::{ColumnKind, FilterOperator, Identifier, IdentifierError};
use crate::Excerpt;

/// A column of a table that the host declared.
///
/// A new one is shown, and nothing else: what may be filtered, sorted and changed by it is said by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnDeclaration {
    name: Identifier,
    label: String,
    kind: ColumnKind,
    filterable: bool,
    sortable: bool,
    secret: bool,
    writable: Writable,
}

/// When a column takes a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writable {
    /// The database gives it, or it stays as it is.
    #[default]
    Never,
    /// In a new row.
    OnInsert,
    /// In a new row, and in one that is there.
    Always,
}

impl ColumnDeclaration {
    /// A column of this name and kind, labelled by its name.
    ///
    /// # Errors
    /// [`IdentifierError`].
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Result<Self, IdentifierError> {
        let name = Identifier::new(name)?;
        Ok(Self {
            label: name.as_str().into(),
            name,
            kind,
            filterable: false,
            sortable: false,
            secret: false,
            writable: Writable::Never,
        })
    }

    /// The same, called so before a person.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same, and rows can be filtered by it, as its [kind](ColumnKind::operators) allows.
    #[must_use]
    pub fn filterable(mut self) -> Self {
        self.filterable = true;
        self
    }

    /// The same, and rows can be sorted by it. Have an index on it, if the table is large.
    #[must_use]
    pub fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// The same, and a new row may be given a value in it.
    #[must_use]
    pub fn settable(mut self) -> Self {
        self.writable = Writable::OnInsert;
        self
    }

    /// The same, and its values can be changed.
    #[must_use]
    pub fn editable(mut self) -> Self {
        self.writable = Writable::Always;
        self
    }

    /// The same, but secret: no statement of the browser names it, so that its values leave the database by no listing, filter,
    /// order, export or error. To whoever asks, it isn't there.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Its name.
    pub fn name(&self) -> &Identifier {
        &self.name
    }

    /// What a person calls it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What its values are.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// Whether rows can be sorted by it.
    pub fn is_sortable(&self) -> bool {
        self.sortable
    }

    /// Whether rows can be filtered by it.
    pub fn is_filterable(&self) -> bool {
        self.filterable
    }

    /// How rows can be filtered by it: not at all, if it isn't filterable.
    pub fn operators(&self) -> &'static [FilterOperator] {
        if self.filterable {
            self.kind.operators()
        } else {
            &[]
        }
    }

    /// When it takes a value.
    pub fn writable(&self) -> Writable {
        self.writable
    }

    fn is_plainly_secret(&self) -> bool {
        !self.filterable && !self.sortable && self.writable == Writable::Never
    }
}

/// A table of every tenant's that the host declared: what of it is shown, and what may be done with it.
///
/// A new one is for reading alone. Secret columns are dropped when it is made, so that nothing can name them.
///
/// ```
/// use tenantry::tables::{ColumnDeclaration, ColumnKind, TableDeclaration};
///
/// let orders = TableDeclaration::new(
///     "orders",
///     [
///         ColumnDeclaration::new("id", ColumnKind::Integer)?.filterable().sortable(),
///         ColumnDeclaration::new("customer", ColumnKind::Text)?.filterable().editable(),
///         ColumnDeclaration::new("card_number", ColumnKind::Text)?.secret(),
///     ],
///     ["id"],
/// )?
/// .labelled("Orders");
/// assert!(orders.column("customer").is_some());
/// assert!(orders.column("card_number").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableDeclaration {
    name: Identifier,
    label: String,
    columns: Vec<ColumnDeclaration>,
    /// Where the columns of the key are among the columns, in the key's order.
    key: Vec<usize>,
    insertable: bool,
    deletable: bool,
}

impl TableDeclaration {
    /// How many columns a declaration has at most.
    pub const MOST_COLUMNS: usize = 100;

    /// A table (or a view) of this name, with these columns. `key` names the columns that tell its rows apart: together they
    /// are unique and never null, as a primary key's are.
    ///
    /// # Errors
    /// [`DeclarationError`].
    pub fn new<'k>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = ColumnDeclaration>,
        key: impl IntoIterator<Item = &'k str>,
    ) -> Result<Self, DeclarationError> {
        let name = Identifier::new(name)?;
        let declared: Vec<_> = columns.into_iter().collect();
        if declared.len() > Self::MOST_COLUMNS {
            let columns = declared.len();
            return Err(DeclarationError::TooManyColumns {
                table: name,
                columns,
            });
        }
        for (at, column) in declared.iter().enumerate() {
            check(&name, column, &declared[..at])?;
        }
        let columns: Vec<_> = declared
            .into_iter()
            .filter(|column| !column.secret)
            .collect();
        let key = key
            .into_iter()
            .map(|of_key| key_column(&name, &columns, of_key))
            .collect::<Result<Vec<_>, _>>()?;
        if key.is_empty() {
            return Err(DeclarationError::NoKey { table: name });
        }
        Ok(Self {
            label: name.as_str().into(),
            name,
            columns,
            key,
            insertable: false,
            deletable: false,
        })
    }

    /// The same, called so before a person.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same, and rows may be added.
    #[must_use]
    pub fn insertable(mut self) -> Self {
        self.insertable = true;
        self
    }

    /// The same, and rows may be deleted.
    #[must_use]
    pub fn deletable(mut self) -> Self {
        self.deletable = true;
        self
    }

    /// Its name.
    pub fn name(&self) -> &Identifier {
        &self.name
    }

    /// What a person calls it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The columns, without the secret ones, in the declaration's order, which is that of a row's cells.
    pub fn columns(&self) -> &[ColumnDeclaration] {
        &self.columns
    }

    /// The column of this name, unless it is secret.
    pub fn column(&self, name: &str) -> Option<&ColumnDeclaration> {
        self.position(name).map(|at| &self.columns[at])
    }

    /// The columns that tell rows apart, in the key's order.
    pub fn key(&self) -> impl ExactSizeIterator<Item = &ColumnDeclaration> {
        self.key.iter().map(|at| &self.columns[*at])
    }

    /// Whether a column is one of the key's.
    pub fn is_key(&self, column: &ColumnDeclaration) -> bool {
        self.key().any(|of_key| of_key.name == column.name)
    }

    /// Whether rows may be added.
    pub fn is_insertable(&self) -> bool {
        self.insertable
    }

    /// Whether rows may be deleted.
    pub fn is_deletable(&self) -> bool {
        self.deletable
    }

    /// Whether rows may be changed: some column is editable.
    pub fn is_editable(&self) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|column| column.writable == Writable::Always)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name.as_str() == name)
    }

    /// Where the key's columns are among the columns.
    pub(super) fn key_positions(&self) -> &[usize] {
        &self.key
    }
}

fn check(
    table: &Identifier,
    column: &ColumnDeclaration,
    before: &[ColumnDeclaration],
) -> Result<(), DeclarationError> {
    let (table, name) = (table.clone(), column.name.clone());
    if before.iter().any(|other| other.name == name) {
        return Err(DeclarationError::DeclaredTwice {
            table,
            column: name,
        });
    }
    if column.secret && !column.is_plainly_secret() {
        return Err(DeclarationError::SecretInUse {
            table,
            column: name,
        });
    }
    if column.sortable && !column.kind.is_sortable() {
        let kind = column.kind;
        return Err(DeclarationError::NoOrder {
            table,
            column: name,
            kind,
        });
    }
    Ok(())
}

fn key_column(
    table: &Identifier,
    columns: &[ColumnDeclaration],
    name: &str,
) -> Result<usize, DeclarationError> {
    let table = table.clone();
    let found = columns
        .iter()
        .position(|column| column.name.as_str() == name);
    let Some(at) = found else {
        let column = Excerpt::of(name);
        return Err(DeclarationError::KeyNotShown { table, column });
    };
    let column = &columns[at];
    if !column.kind.is_sortable() || column.writable == Writable::Always {
        let column = column.name.clone();
        return Err(DeclarationError::KeyUnfit { table, column });
    }
    Ok(at)
}

/// The tables that a host declared, in its order. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct TableCatalogue(Arc<[Arc<TableDeclaration>]>);

impl TableCatalogue {
    /// Takes the declarations.
    ///
    /// # Errors
    /// [`DeclarationError::TableTwice`].
    pub fn new(
        tables: impl IntoIterator<Item = TableDeclaration>,
    ) -> Result<Self, DeclarationError> {
        let tables: Vec<_> = tables.into_iter().map(Arc::new).collect();
        for (at, table) in tables.iter().enumerate() {
            if tables[..at].iter().any(|other| other.name == table.name) {
                let table = table.name.clone();
                return Err(DeclarationError::TableTwice { table });
            }
        }
        Ok(Self(tables.into()))
    }

    /// The declarations.
    pub fn tables(&self) -> &[Arc<TableDeclaration>] {
        &self.0
    }

    /// The declaration of this name.
    pub fn table(&self, name: &str) -> Option<&Arc<TableDeclaration>> {
        self.0.iter().find(|table| table.name.as_str() == name)
    }
}

/// Why a table can't be declared so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] IdentifierError),
    /// Two tables of one name.
    #[error("table {table} is declared twice")]
    TableTwice {
        /// Which.
        table: Identifier,
    },
    /// Two columns of one name.
    #[error("column {column} of table {table} is declared twice")]
    DeclaredTwice {
        /// Whose column.
        table: Identifier,
        /// Which.
        column: Identifier,
    },
    /// More than [`TableDeclaration::MOST_COLUMNS`].
    #[error(
        "table {table} has {columns} columns: declare at most {}",
        TableDeclaration::MOST_COLUMNS
    )]
    TooManyColumns {
        /// Which.
        table: Identifier,
        /// How many there are.
        columns: usize,
    },
    /// A secret column that would tell something of its values.
    #[error(
        "column {column} of table {table} is secret, and filters, orders and changes would tell its values: declare none of them"
    )]
    SecretInUse {
        /// Whose column.
        table: Identifier,
        /// Which.
        column: Identifier,
    },
    /// Values of the kind have no order.
    #[error("column {column} of table {table} is {kind}, which has no order: don't sort by it")]
    NoOrder {
        /// Whose column.
        table: Identifier,
        /// Which.
        column: Identifier,
        /// What its values are.
        kind: ColumnKind,
    },
    /// No key.
    #[error("table {table} has no key: name the columns that tell its rows apart")]
    NoKey {
        /// Which.
        table: Identifier,
    },
    /// The key names a column that isn't declared, or is secret.
    #[error("the key of table {table} names {column}, which isn't a column that is shown")]
    KeyNotShown {
        /// Which.
        table: Identifier,
        /// The name.
        column: Excerpt,
    },
    /// The key has a column whose values have no order, or may change.
    #[error(
        "column {column} can't be in the key of table {table}: a key has an order, and stays as it is"
    )]
    KeyUnfit {
        /// Which.
        table: Identifier,
        /// The column.
        column: Identifier,
    },
}
