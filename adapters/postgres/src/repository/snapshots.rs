//! The generated SQL is kept in files, so that a predicate that is lost shows in a diff.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p tenantry-postgres --lib` writes them anew.

use std::fs;
use std::path::Path;

use chrono::DateTime;
use diesel::pg::Pg;
use tenantry::{
    Cursor, PageRequest, PageSize, Settings, Slug, Tenant, TenantFilter, TenantId, TenantName,
    TenantStatus, Version,
};

use super::sql;
use super::statement::Statement;
use crate::SharedSchema;

/// Panics unless `text` is what the file of this name holds.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(format!("{name}.sql"));
    let text = format!("{}\n", in_lines(text.trim_end()));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &text).expect("a snapshot is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "{name} changed: is that meant?");
}

/// One clause a line, so that a diff shows which one changed.
fn in_lines(text: &str) -> String {
    const CLAUSES: [&str; 8] = [
        "SELECT ",
        "FROM ",
        "WHERE ",
        "AND ",
        "OR ",
        "UNION",
        "CROSS JOIN ",
        "RETURNING ",
    ];
    CLAUSES.iter().fold(text.to_owned(), |text, clause| {
        text.replace(&format!(" {clause}"), &format!("\n{clause}"))
    })
}

fn assert_statement(name: &str, statement: &Statement) {
    let shown = diesel::debug_query::<Pg, _>(statement).to_string();
    assert_snapshot(name, &shown.replace(" -- binds: ", "\n-- binds: "));
}

fn id() -> TenantId {
    "01890a5d-ac96-774b-bcce-b302099a8057"
        .parse()
        .expect("an id")
}

fn tenant() -> Tenant {
    let now = DateTime::from_timestamp(1_700_000_000, 123_456_000).expect("in range");
    let slug = Slug::new("acme").expect("a slug");
    let name = TenantName::new("Acme").expect("a name");
    Tenant::new(id(), slug, name, Settings::default(), now)
}

fn table() -> String {
    sql::table(&SharedSchema::default())
}

#[test]
fn the_statements_that_read_are_what_was_reviewed() {
    let table = table();
    assert_statement("find", &sql::find(&table, id()));
    let slug = Slug::new("acme").expect("a slug");
    assert_statement("find_by_slug", &sql::find_by_slug(&table, &slug));
    let first = PageRequest::first(PageSize::new(2).expect("a size"));
    assert_statement(
        "list_all",
        &sql::list(&table, &TenantFilter::default(), first),
    );
    let filter = TenantFilter {
        statuses: vec![TenantStatus::Active, TenantStatus::Suspended],
        search: Some("Ac%me".into()),
    };
    let next = first.at(Cursor::after(id()));
    assert_statement("list_filtered", &sql::list(&table, &filter, next));
}

#[test]
fn the_statements_that_write_are_what_was_reviewed() {
    let table = table();
    assert_statement("insert", &sql::insert(&table, &tenant()));
    let expected = Version::new(7).expect("a version");
    assert_statement("update", &sql::update(&table, &tenant(), expected));
    assert_statement("remove", &sql::remove(&table, id(), expected));
    assert_statement("is_set_up", &sql::is_set_up(&table));
}
