//! What is declared, asked for and shown of tenants' tables, decided without I/O.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod declarations;
mod queries;
mod rows;
mod values;

use chrono::DateTime;
use tenantry::TenantId;
use tenantry::tables::{ColumnDeclaration, ColumnKind, TableCatalogue, TableDeclaration};

fn tenant(number: u8) -> TenantId {
    TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10])
}

fn column(name: &str, kind: ColumnKind) -> ColumnDeclaration {
    ColumnDeclaration::new(name, kind).unwrap()
}

/// A table with a column for each thing that may be done, and a secret one.
fn orders() -> TableDeclaration {
    let columns = [
        column("id", ColumnKind::Integer)
            .filterable()
            .sortable()
            .settable(),
        column("customer", ColumnKind::Text)
            .filterable()
            .sortable()
            .editable(),
        column("paid", ColumnKind::Boolean).filterable(),
        column("note", ColumnKind::Text).editable(),
        column("photo", ColumnKind::Bytes).filterable(),
        column("card", ColumnKind::Text).secret(),
    ];
    let orders = TableDeclaration::new("orders", columns, ["id"]).unwrap();
    orders.insertable()
}

fn catalogue() -> TableCatalogue {
    let other = TableDeclaration::new("other", [column("id", ColumnKind::Integer)], ["id"]);
    TableCatalogue::new([orders(), other.unwrap()]).unwrap()
}
