use tenantry::tables::{
    ColumnDeclaration, ColumnKind, DeclarationError, TableCatalogue, TableDeclaration,
};

/// The tables that the suite browses. [`TableHarness`](super::TableHarness) says what they are in the store.
///
/// # Errors
/// None.
pub fn catalogue() -> Result<TableCatalogue, DeclarationError> {
    TableCatalogue::new([
        items()?,
        pairs()?,
        of_numbers("noisy")?,
        of_numbers("absent")?,
        of_numbers("shared_things")?,
        TableDeclaration::new("pg_class", [column("oid", ColumnKind::Integer)?], ["oid"])?,
        TableDeclaration::new(
            "sqlite_schema",
            [column("name", ColumnKind::Text)?],
            ["name"],
        )?,
    ])
}

fn items() -> Result<TableDeclaration, DeclarationError> {
    let plain = |name: &str, kind| -> Result<_, DeclarationError> {
        Ok(column(name, kind)?.filterable().sortable().editable())
    };
    let columns = [
        column("id", ColumnKind::Integer)?
            .filterable()
            .sortable()
            .settable(),
        plain("name", ColumnKind::Text)?,
        plain("price", ColumnKind::Decimal)?,
        plain("active", ColumnKind::Boolean)?,
        plain("at", ColumnKind::Timestamp)?,
        plain("code", ColumnKind::Uuid)?,
        column("detail", ColumnKind::Json)?.filterable().editable(),
        column("photo", ColumnKind::Bytes)?.filterable().editable(),
        column("secret", ColumnKind::Text)?.secret(),
    ];
    let items = TableDeclaration::new("items", columns, ["id"])?;
    Ok(items.insertable().deletable())
}

/// A table whose key has two columns, and takes no new rows.
fn pairs() -> Result<TableDeclaration, DeclarationError> {
    let columns = [
        column("a", ColumnKind::Text)?.sortable(),
        column("b", ColumnKind::Integer)?.sortable(),
        column("note", ColumnKind::Text)?.filterable(),
    ];
    TableDeclaration::new("pairs", columns, ["a", "b"])
}

fn of_numbers(name: &str) -> Result<TableDeclaration, DeclarationError> {
    let id = column("id", ColumnKind::Integer)?.filterable().sortable();
    TableDeclaration::new(name, [id], ["id"])
}

fn column(name: &str, kind: ColumnKind) -> Result<ColumnDeclaration, DeclarationError> {
    Ok(ColumnDeclaration::new(name, kind)?)
}
