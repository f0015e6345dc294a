//! What a column may be, and what a statement may do.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use futures_lite::future::block_on;
use tenantry::ports::{ChangeRefusal, TablesError};
use tenantry::tables::{
    BrowseError, Cell, ColumnDeclaration, ColumnKind, Direction, FilterOperator, Row, TableBrowser,
    TableCatalogue, TableDeclaration, TableQuery, Value,
};
use tenantry::{Actor, PageSize, Tenant};
use tenantry_postgres::PostgresTenantTables;

use crate::world::{Stopped, World, tenant};

struct Browsed {
    world: World,
    browser: TableBrowser,
    acme: Tenant,
}

/// A tenant with a table `things`, declared with a key `id` and these columns beside it.
fn browsed(table: &str, columns: &[(&str, ColumnKind)], timeout: Duration) -> Browsed {
    let (world, acme) = (World::new(), tenant(1, "acme"));
    world.schema(&acme, table);
    let id = ColumnDeclaration::new("id", ColumnKind::Integer).unwrap();
    let others = columns.iter().map(|(name, kind)| {
        let column = ColumnDeclaration::new(*name, *kind).unwrap();
        let column = column.filterable().editable();
        if kind.is_sortable() {
            column.sortable()
        } else {
            column
        }
    });
    let columns: Vec<_> = std::iter::once(id).chain(others).collect();
    let things = TableDeclaration::new("things", columns, ["id"]).unwrap();
    let catalogue = TableCatalogue::new([things]).unwrap();
    let tables = PostgresTenantTables::over(world.pool.clone(), Arc::new(Stopped));
    Browsed {
        browser: TableBrowser::new(Arc::new(tables.with_timeout(timeout)), catalogue),
        world,
        acme,
    }
}

const PATIENT: Duration = Duration::from_secs(30);

impl Browsed {
    fn all(&self, query: TableQuery) -> Result<Vec<Row>, BrowseError> {
        let mut query = query.in_pages_of(PageSize::new(1).unwrap());
        let mut rows = Vec::new();
        loop {
            let page = block_on(self.browser.page(&self.acme, &Actor::system(), &query))?;
            rows.extend(page.rows);
            match page.next {
                Some(next) if rows.len() < 100 => query = query.after(next),
                _ => return Ok(rows),
            }
        }
    }

    /// What a column shows, by the order of a query.
    fn shown(&self, query: TableQuery) -> Vec<String> {
        let rows = self.all(query).unwrap();
        rows.iter()
            .map(|row| row.cells[1].shown().unwrap_or_else(|| "-".into()))
            .collect()
    }

    fn set(&self, value: Value) -> Result<(), TablesError> {
        let rows = self.all(TableQuery::of("things")).unwrap();
        let (actor, key) = (Actor::system(), &rows[0].key);
        let read = block_on(self.browser.row(&self.acme, &actor, "things", key));
        let version = read.unwrap().unwrap().version;
        let values = [("value".to_owned(), value)];
        let update = self
            .browser
            .update(&self.acme, &actor, "things", key, &values, version);
        match block_on(update) {
            Ok(_) => Ok(()),
            Err(BrowseError::Store(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }
}

fn sorted(direction: Direction) -> TableQuery {
    TableQuery::of("things").sorted("value", direction)
}

#[test]
fn floats_are_paged_by_what_they_are_and_not_by_how_they_are_written() {
    for float in ["real", "double precision"] {
        let browsed = browsed(
            &format!(
                "CREATE TABLE {{s}}.things AS SELECT id, value::{float} FROM (VALUES \
                 (1, '0.1'), (2, '0.2'), (3, 'NaN'), (4, 'Infinity'), (5, '-Infinity'), (6, '0.1'), (7, NULL), \
                 (8, '0.3')) AS v(id, value)"
            ),
            &[("value", ColumnKind::Decimal)],
            PATIENT,
        );
        let up = browsed.shown(sorted(Direction::Ascending));
        let expected = [
            "-Infinity",
            "0.1",
            "0.1",
            "0.2",
            "0.3",
            "Infinity",
            "NaN",
            "-",
        ];
        assert_eq!(up, expected, "{float}");
        let equal = FilterOperator::Equal;
        let found = TableQuery::of("things").filtered("value", equal, Some("0.1"));
        assert_eq!(browsed.shown(found), ["0.1", "0.1"], "{float}");
    }
}

#[test]
fn an_enumeration_and_a_network_are_browsed_as_texts() {
    let browsed = browsed(
        "CREATE TYPE {s}.mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE {s}.things (id int, value {s}.mood); \
         INSERT INTO {s}.things VALUES (1, 'sad'), (2, 'happy'), (3, 'ok'), (4, NULL)",
        &[("value", ColumnKind::Text)],
        PATIENT,
    );
    let down = browsed.shown(sorted(Direction::Descending));
    assert_eq!(down, ["sad", "ok", "happy", "-"]);
    browsed.set(Value::Text("happy".into())).unwrap();
    let refused = browsed.set(Value::Text("glad".into())).unwrap_err();
    let is_of_the_value = matches!(
        &refused,
        TablesError::Refused { refusal, .. } if *refusal == ChangeRefusal::Value
    );
    assert!(is_of_the_value, "{refused:?}");
}

#[test]
fn what_is_too_long_for_its_column_is_refused_and_not_cut() {
    let browsed = browsed(
        "CREATE TABLE {s}.things (id int, value varchar(5)); INSERT INTO {s}.things VALUES (1, 'short')",
        &[("value", ColumnKind::Text)],
        PATIENT,
    );
    let refused = browsed.set(Value::Text("longer".into())).unwrap_err();
    assert!(
        matches!(refused, TablesError::Refused { .. }),
        "{refused:?}"
    );
    assert_eq!(browsed.shown(sorted(Direction::Ascending)), ["short"]);
    let equal = FilterOperator::Equal;
    let cut = TableQuery::of("things").filtered("value", equal, Some("short and more"));
    assert_eq!(browsed.shown(cut), [""; 0], "a filter that is longer, too");
}

#[test]
fn a_value_that_its_kind_has_no_room_for_is_shown_as_it_is() {
    let browsed = browsed(
        "CREATE TABLE {s}.things AS SELECT 1 AS id, 'infinity'::timestamptz AS value",
        &[("value", ColumnKind::Timestamp)],
        PATIENT,
    );
    let rows = browsed.all(TableQuery::of("things")).unwrap();
    let shown = "infinity".to_owned();
    assert_eq!(rows[0].cells[1], Cell::Unreadable { shown });
    let refused = browsed.all(sorted(Direction::Ascending)).unwrap_err();
    let unplaced = BrowseError::Store(TablesError::KeyUnreadable {
        table: browsed.browser.tables()[0].name().clone(),
    });
    assert_eq!(refused.to_string(), unplaced.to_string());
}

#[test]
fn a_column_of_another_kind_and_one_that_is_missing_are_not_as_declared() {
    for (table, said) in [
        (
            "CREATE TABLE {s}.things (id int, value text)",
            "column value is text",
        ),
        (
            "CREATE TABLE {s}.things (id int)",
            "column value isn't there",
        ),
    ] {
        let browsed = browsed(table, &[("value", ColumnKind::Integer)], PATIENT);
        let refused = browsed
            .all(TableQuery::of("things"))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let browsed = browsed(
        "CREATE VIEW {s}.things AS SELECT 1 AS id, pg_sleep(60)::text AS value",
        &[("value", ColumnKind::Text)],
        Duration::from_millis(200),
    );
    let refused = browsed.all(TableQuery::of("things")).unwrap_err();
    let timed_out = matches!(refused, BrowseError::Store(TablesError::TimedOut { .. }));
    assert!(timed_out, "{refused:?}");
}

#[test]
fn a_view_cannot_make_its_transaction_writable_again() {
    let browsed = browsed(
        "CREATE TABLE {s}.written (id int); \
         CREATE FUNCTION {s}.sly() RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN \
         PERFORM set_config('transaction_read_only', 'off', true); \
         INSERT INTO {s}.written VALUES (1); RETURN 'done'; END $$; \
         CREATE VIEW {s}.things AS SELECT 1 AS id, {s}.sly() AS value",
        &[("value", ColumnKind::Text)],
        PATIENT,
    );
    let refused = browsed.all(TableQuery::of("things"));
    assert!(refused.is_err(), "{refused:?}");
    let mut connection = browsed.world.connection();
    let nothing = connection.batch_execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM tenant_acme.written) THEN RAISE 'written'; END IF; END $$",
    );
    nothing.unwrap();
}

#[test]
fn what_the_tenant_names_like_the_databases_own_is_not_taken_for_it() {
    // A function and an operator of the tenant's own that would show everything.
    let browsed = browsed(
        "CREATE FUNCTION {s}.lower(text) RETURNS text LANGUAGE sql AS $$SELECT 'anything'$$; \
         CREATE FUNCTION {s}.strpos(text, text) RETURNS int LANGUAGE sql AS $$SELECT 1$$; \
         CREATE FUNCTION {s}.always(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT true$$; \
         CREATE OPERATOR {s}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = {s}.always); \
         CREATE TABLE {s}.things AS SELECT 1 AS id, 'anvil'::text AS value",
        &[("value", ColumnKind::Text)],
        PATIENT,
    );
    for operator in [FilterOperator::Contains, FilterOperator::Equal] {
        let query = TableQuery::of("things").filtered("value", operator, Some("bolt"));
        assert_eq!(browsed.shown(query), [""; 0], "{operator}");
    }
}

#[test]
fn several_rows_of_one_key_are_neither_shown_by_it_nor_changed() {
    let browsed = browsed(
        "CREATE TABLE {s}.things AS SELECT 1 AS id, v AS value FROM unnest(ARRAY['a', 'b']) AS v",
        &[("value", ColumnKind::Text)],
        PATIENT,
    );
    let rows = browsed.all(TableQuery::of("things").in_pages_of(PageSize::default()));
    let key = rows.unwrap()[0].key.clone();
    let read = block_on(
        browsed
            .browser
            .row(&browsed.acme, &Actor::system(), "things", &key),
    );
    let refused = read.unwrap_err().to_string();
    assert!(refused.contains("several rows with one key"), "{refused}");
}
