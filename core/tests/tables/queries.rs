use tenantry::PageSize;
use tenantry::tables::{
    CellLimit, Direction, FilterOperator, FoundRow, PagePlan, QueryRefused, Row, RowChange, RowKey,
    RowPlan, TableCursor, TableQuery, Test, Value,
};

use super::{catalogue, tenant};

fn plan(number: u8, query: &TableQuery) -> Result<PagePlan, QueryRefused> {
    PagePlan::new(&catalogue(), tenant(number), query, CellLimit::PAGE)
}

fn refused(query: &TableQuery) -> QueryRefused {
    plan(1, query).unwrap_err()
}

fn found(id: i64, customer: Value) -> FoundRow {
    FoundRow {
        row: Row {
            key: RowKey::of(&[Value::Integer(id)]).unwrap(),
            cells: Vec::new(),
        },
        position: vec![customer, Value::Integer(id)],
    }
}

/// A query by customer, and the cursor to its second page.
fn paged() -> (TableQuery, TableCursor) {
    let query = TableQuery::of("orders")
        .filtered("paid", FilterOperator::Equal, Some("true"))
        .sorted("customer", Direction::Descending)
        .in_pages_of(PageSize::new(1).unwrap());
    let rows = vec![found(1, Value::Text("a".into())), found(2, Value::Null)];
    let page = plan(1, &query).unwrap().page(rows).unwrap();
    assert_eq!(page.rows.len(), 1, "the second tells that there is more");
    (query, page.next.unwrap())
}

#[test]
fn only_what_is_declared_can_be_named() {
    let sql = "id\"; DROP TABLE orders; --";
    let orders = || TableQuery::of("orders");
    let error = refused(&TableQuery::of(sql));
    assert!(matches!(error, QueryRefused::NoSuchTable { .. }), "{error}");
    for name in [sql, "card", "ID", "unknown", ""] {
        let error = refused(&orders().filtered(name, FilterOperator::Null, None));
        assert!(
            matches!(error, QueryRefused::NoSuchColumn { .. }),
            "{error}"
        );
        let error = refused(&orders().sorted(name, Direction::Ascending));
        assert!(
            matches!(error, QueryRefused::NoSuchColumn { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_column_is_filtered_and_sorted_as_it_says_alone() {
    let orders = || TableQuery::of("orders");
    for (column, operator) in [
        ("note", FilterOperator::Equal),
        ("note", FilterOperator::Null),
        ("paid", FilterOperator::Less),
        ("photo", FilterOperator::Equal),
        ("id", FilterOperator::Contains),
    ] {
        let error = refused(&orders().filtered(column, operator, Some("1")));
        assert!(
            matches!(error, QueryRefused::NotFilterable { .. }),
            "{error}"
        );
    }
    let error = refused(&orders().sorted("note", Direction::Ascending));
    assert!(matches!(error, QueryRefused::NotSortable { .. }), "{error}");
}

#[test]
fn a_filters_value_is_of_its_columns_kind() {
    let orders = || TableQuery::of("orders");
    let error = refused(&orders().filtered("id", FilterOperator::Equal, Some("1 OR 1=1")));
    assert!(matches!(error, QueryRefused::BadValue { .. }), "{error}");
    let error = refused(&orders().filtered("id", FilterOperator::Equal, None));
    assert!(matches!(error, QueryRefused::FilterValue { .. }), "{error}");
    let error = refused(&orders().filtered("photo", FilterOperator::Null, Some("1")));
    assert!(matches!(error, QueryRefused::FilterValue { .. }), "{error}");
    let long = "x".repeat(PagePlan::LONGEST_FILTER + 1);
    let error = refused(&orders().filtered("customer", FilterOperator::Contains, Some(&long)));
    assert!(
        matches!(error, QueryRefused::FilterTooLong { .. }),
        "{error}"
    );
    let many = (0..=TableQuery::MOST_FILTERS).fold(orders(), |query, _| {
        query.filtered("photo", FilterOperator::Null, None)
    });
    let error = refused(&many);
    assert!(
        matches!(error, QueryRefused::TooManyFilters { .. }),
        "{error}"
    );
}

#[test]
fn what_a_text_contains_is_looked_for_in_lower_case() {
    let query =
        TableQuery::of("orders").filtered("customer", FilterOperator::Contains, Some("ÄbC%"));
    let plan = plan(1, &query).unwrap();
    let (column, test) = plan.conditions().next().unwrap();
    assert_eq!(column.name().as_str(), "customer");
    assert_eq!(*test, Test::Contains("Äbc%".into()));
}

#[test]
fn every_order_ends_with_the_key_so_that_no_two_rows_are_alike() {
    let orders = || TableQuery::of("orders");
    let terms = |query: &TableQuery| -> Vec<(String, Direction, bool)> {
        let plan = plan(1, query).unwrap();
        let shown = plan.order().iter().map(|term| {
            let name = term.column(plan.table()).name().to_string();
            (name, term.direction(), term.is_key())
        });
        shown.collect()
    };
    let id = |direction| ("id".to_owned(), direction, true);
    assert_eq!(terms(&orders()), [id(Direction::Ascending)]);
    let down = Direction::Descending;
    assert_eq!(terms(&orders().sorted("id", down)), [id(down)]);
    let by_customer = terms(&orders().sorted("customer", down));
    let customer = ("customer".to_owned(), down, false);
    assert_eq!(by_customer, [customer, id(Direction::Ascending)]);
}

#[test]
fn a_cursor_says_where_the_next_page_of_its_own_query_begins() {
    let (query, cursor) = paged();
    let next = plan(1, &query.after(cursor)).unwrap();
    let position = [Value::Text("a".into()), Value::Integer(1)];
    assert_eq!(next.position().unwrap(), &position);
}

#[test]
fn a_cursor_is_good_for_no_other_tenant_table_filter_or_order() {
    let (query, cursor) = paged();
    let query = query.after(cursor);
    assert!(plan(1, &query).is_ok());
    let foreign = plan(2, &query).unwrap_err();
    assert_eq!(
        foreign,
        QueryRefused::CursorOfAnotherQuery,
        "another tenant"
    );
    for change in [
        (|query| query.table = "other".into()) as fn(&mut TableQuery),
        |query| query.filters[0].value = Some("false".into()),
        |query| query.filters[0].operator = FilterOperator::NotNull,
        |query| query.filters.clear(),
        |query| query.sort = None,
        |query| query.sort.as_mut().unwrap().direction = Direction::Ascending,
        |query| query.sort.as_mut().unwrap().column = "id".into(),
    ] {
        let mut other = query.clone();
        change(&mut other);
        assert!(plan(1, &other).is_err(), "{other:?}");
    }
    let mut larger = query;
    larger.size = PageSize::LARGEST;
    assert!(plan(1, &larger).is_ok(), "the size is free");
}

#[test]
fn a_cursor_that_no_page_gave_is_refused() {
    let (query, cursor) = paged();
    let (binding, token) = cursor.as_str().split_once('.').unwrap();
    let hex = |json: &str| Value::Bytes(json.into()).to_text().unwrap();
    for forged in [
        String::new(),
        ".".into(),
        token.into(),
        format!("{binding}."),
        format!("{binding}.zz"),
        format!("{binding}.{}", hex(r#"["a"]"#)),
        format!("{binding}.{}", hex(r#"["a", null]"#)),
        format!("{binding}.{}", hex(r#"["a", "one"]"#)),
        format!("{binding}.{}", "61".repeat(100_000)),
    ] {
        let forged = query.clone().after(TableCursor::from_text(forged));
        assert!(plan(1, &forged).is_err(), "{forged:?}");
    }
}

#[test]
fn a_key_is_of_the_tables_shape_or_refused() {
    let row = |key: RowKey| RowPlan::new(&catalogue(), tenant(1), "orders", &key);
    let key = RowKey::of(&[Value::Integer(-7)]).unwrap();
    let planned = row(RowKey::from_text(key.as_str())).unwrap();
    assert_eq!(planned.key_values(), [Value::Integer(-7)]);
    for key in [
        RowKey::from_text(""),
        RowKey::from_text("1 OR 1=1"),
        RowKey::of(&[Value::Text("one".into())]).unwrap(),
        RowKey::of(&[Value::Integer(1), Value::Integer(2)]).unwrap(),
    ] {
        let error = row(key).unwrap_err();
        assert!(matches!(error, QueryRefused::NoSuchKey { .. }), "{error}");
    }
    assert!(RowKey::of(&[Value::Null]).is_none());
    assert!(RowKey::of(&[Value::Text("x".repeat(5_000))]).is_none());
}

#[test]
fn a_change_writes_to_what_may_be_written_to_alone() {
    let (all, id) = (catalogue(), tenant(1));
    let key = RowKey::of(&[Value::Integer(1)]).unwrap();
    let version = Row {
        key: key.clone(),
        cells: Vec::new(),
    }
    .version(id, &super::orders());
    let update = |values: &[(&str, Value)]| {
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        RowChange::update(&all, id, "orders", &key, &values, version).unwrap_err()
    };
    let text = || Value::Text("x".into());
    for (name, value) in [("id", Value::Integer(2)), ("paid", Value::Boolean(true))] {
        let error = update(&[(name, value)]);
        assert!(matches!(error, QueryRefused::NotWritable { .. }), "{error}");
    }
    let error = update(&[("card", text())]);
    assert!(
        matches!(error, QueryRefused::NoSuchColumn { .. }),
        "{error}"
    );
    let error = update(&[("note", text()), ("note", text())]);
    assert!(matches!(error, QueryRefused::GivenTwice { .. }), "{error}");
    assert_eq!(update(&[]), QueryRefused::NothingToChange);
    let error = RowChange::delete(&all, id, "orders", &key, version).unwrap_err();
    assert!(
        matches!(error, QueryRefused::NotDeletable { .. }),
        "{error}"
    );
    let error = RowChange::insert(&all, id, "other", &[]).unwrap_err();
    assert!(
        matches!(error, QueryRefused::NotInsertable { .. }),
        "{error}"
    );
    assert!(RowChange::insert(&all, id, "orders", &[("id".into(), Value::Integer(2))]).is_ok());
}
