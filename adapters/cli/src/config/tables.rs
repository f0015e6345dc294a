//! Which of tenants' tables an operator may look at: what a file declares, and nothing else.
//!
//! ```toml
//! [[table]]
//! name = "orders"
//! key = ["id"]
//! insertable = true
//!
//! [[table.column]]
//! name = "id"
//! kind = "integer"
//! sortable = true
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tenantry::tables::{
    ColumnDeclaration, ColumnKind, DeclarationError, TableCatalogue, TableDeclaration,
};

/// Reads a file of declarations.
///
/// # Errors
/// [`TablesFileError`], which names the file.
pub(crate) fn read(path: &Path) -> Result<TableCatalogue, TablesFileError> {
    let file = path.to_owned();
    let text = std::fs::read_to_string(path).map_err(|source| TablesFileError::Unreadable {
        file: file.clone(),
        source,
    })?;
    let declared: Declared = toml::from_str(&text).map_err(|source| TablesFileError::NoToml {
        file: file.clone(),
        source: Box::new(source),
    })?;
    let wrong = |source| TablesFileError::Wrong {
        file: file.clone(),
        source: Box::new(source),
    };
    let tables = declared.table.into_iter().map(Table::declaration);
    let tables = tables.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    TableCatalogue::new(tables).map_err(wrong)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    table: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    label: Option<String>,
    key: Vec<String>,
    #[serde(default)]
    insertable: bool,
    #[serde(default)]
    deletable: bool,
    column: Vec<Column>,
}

impl Table {
    fn declaration(self) -> Result<TableDeclaration, DeclarationError> {
        let columns = self.column.into_iter().map(Column::declaration);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let key = self.key.iter().map(String::as_str);
        let mut table = TableDeclaration::new(self.name, columns, key)?;
        if let Some(label) = self.label {
            table = table.labelled(label);
        }
        if self.insertable {
            table = table.insertable();
        }
        if self.deletable {
            table = table.deletable();
        }
        Ok(table)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
struct Column {
    name: String,
    label: Option<String>,
    kind: ColumnKind,
    #[serde(default)]
    filterable: bool,
    #[serde(default)]
    sortable: bool,
    #[serde(default)]
    settable: bool,
    #[serde(default)]
    editable: bool,
}

impl Column {
    fn declaration(self) -> Result<ColumnDeclaration, DeclarationError> {
        let mut column = ColumnDeclaration::new(self.name, self.kind)?;
        if let Some(label) = self.label {
            column = column.labelled(label);
        }
        if self.filterable {
            column = column.filterable();
        }
        if self.sortable {
            column = column.sortable();
        }
        if self.settable {
            column = column.settable();
        }
        if self.editable {
            column = column.editable();
        }
        Ok(column)
    }
}

/// Why a file of declarations isn't one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TablesFileError {
    #[error("{} can't be read", file.display())]
    Unreadable {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("{} doesn't declare tables: name each as [[table]], with its key and [[table.column]]s", file.display())]
    NoToml {
        file: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{} declares what can't be shown", file.display())]
    Wrong {
        file: PathBuf,
        source: Box<DeclarationError>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<TableCatalogue, TablesFileError> {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("tables.toml");
        std::fs::write(&file, text).expect("it is writable");
        read(&file)
    }

    const ORDERS: &str = "[[table]]\nname = \"orders\"\nkey = [\"id\"]\ninsertable = true\n\
        [[table.column]]\nname = \"id\"\nkind = \"integer\"\nsortable = true\n\
        [[table.column]]\nname = \"note\"\nlabel = \"Note\"\nkind = \"text\"\neditable = true\n";

    #[test]
    fn what_is_declared_can_be_looked_at_and_nothing_else() {
        let catalogue = read_text(ORDERS).expect("it is well-formed");
        let orders = catalogue.table("orders").expect("it is declared");
        assert!(orders.is_insertable() && !orders.is_deletable() && orders.is_editable());
        assert_eq!(
            orders.column("note").map(ColumnDeclaration::label),
            Some("Note")
        );
        assert!(orders.column("password").is_none());
        assert!(catalogue.table("users").is_none());
    }

    #[test]
    fn a_declaration_with_a_mistake_is_refused_as_a_whole() {
        for (from, to) in [
            ("insertable", "insertible"),
            ("\"integer\"", "\"number\""),
            ("[\"id\"]", "[\"nothing\"]"),
            ("\"orders\"", "\"or ders\""),
            ("[[table]]", "[table]"),
        ] {
            let text = ORDERS.replacen(from, to, 1);
            assert!(read_text(&text).is_err(), "{text}");
        }
        assert!(read(Path::new("/nowhere/tables.toml")).is_err());
    }
}
