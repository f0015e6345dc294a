use chrono::DateTime;
use serde_json::json;
use tenantry::ports::TablesError;
use tenantry::tables::{
    Cell, CellLimit, ColumnKind, Row, RowChange, RowKey, RowTexts, TableCatalogue,
    TableDeclaration, Value, Writable,
};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantName, TenantParts, TenantStatus, Version,
};

use super::{catalogue, column, orders, tenant};

fn text(text: &str) -> Cell {
    Cell::Value(Value::Text(text.into()))
}

fn row(customer: Cell, note: Cell) -> Row {
    Row {
        key: RowKey::of(&[Value::Integer(1)]).unwrap(),
        cells: vec![
            Cell::Value(Value::Integer(1)),
            customer,
            Cell::Value(Value::Null),
            note,
            Cell::Value(Value::Null),
        ],
    }
}

#[test]
fn a_value_is_cut_at_the_limit_and_not_in_the_middle_of_a_character() {
    let limit = CellLimit::PAGE;
    let most = usize::try_from(limit.number()).unwrap();
    let cell = |characters: usize| {
        let shown = "ä".repeat(characters);
        Cell::of(
            ColumnKind::Text,
            Some(shown.clone()),
            shown.len() as u64,
            limit,
        )
    };
    assert_eq!(cell(most), text(&"ä".repeat(most)));
    let cut = Cell::Cut {
        shown: "ä".repeat(most),
        bytes: 2 * (most as u64 + 1),
    };
    assert_eq!(cell(most + 1), cut);
    assert!(cut.marked().unwrap().ends_with("ä… (2002 bytes)"));
    let bytes = |bytes: usize| {
        let shown = Some("ff".repeat(bytes.min(most)));
        Cell::of(ColumnKind::Bytes, shown, bytes as u64, limit)
    };
    assert_eq!(bytes(most), Cell::Value(Value::Bytes(vec![255; most])));
    assert!(matches!(bytes(most + 1), Cell::Cut { bytes: 1001, .. }));
}

#[test]
fn what_is_not_of_its_kind_is_shown_as_it_is() {
    let cell = Cell::of(ColumnKind::Integer, Some("many".into()), 4, CellLimit::PAGE);
    let shown = "many".to_owned();
    assert_eq!(cell, Cell::Unreadable { shown });
    assert_eq!(
        serde_json::to_value(&cell).unwrap(),
        json!({ "unreadable": "many" })
    );
    let null = Cell::of(ColumnKind::Integer, None, 0, CellLimit::PAGE);
    assert_eq!(null.shown(), None);
    assert_eq!(serde_json::to_value(null).unwrap(), json!(null));
}

#[test]
fn a_row_whose_key_cannot_be_told_is_an_error() {
    for key in [None, Some("one".to_owned())] {
        let texts = RowTexts {
            cells: vec![None; 5],
            bytes: vec![0; 5],
            key: vec![key],
        };
        let error = Row::read(&orders(), texts, CellLimit::PAGE).unwrap_err();
        assert!(
            matches!(error, TablesError::KeyUnreadable { .. }),
            "{error}"
        );
    }
    let error = Row::read(&orders(), RowTexts::default(), CellLimit::PAGE).unwrap_err();
    assert!(
        matches!(error, TablesError::KeyUnreadable { .. }),
        "{error}"
    );
}

#[test]
fn any_change_of_a_row_is_another_version() {
    let (acme, orders) = (tenant(1), orders());
    let cut = |bytes| Cell::Cut {
        shown: "a".into(),
        bytes,
    };
    let unreadable = Cell::Unreadable { shown: "a".into() };
    let rows = [
        row(text("ab"), text("c")),
        row(text("a"), text("bc")),
        row(text("abc"), text("")),
        row(text("abc"), Cell::Value(Value::Null)),
        row(text("a"), text("")),
        row(cut(10), text("")),
        row(cut(11), text("")),
        row(unreadable, text("")),
    ];
    let versions: Vec<_> = rows.iter().map(|row| row.version(acme, &orders)).collect();
    for (at, version) in versions.iter().enumerate() {
        assert!(!versions[..at].contains(version), "row {at}");
        assert_eq!(
            rows[at].version(acme, &orders),
            *version,
            "it is the same again"
        );
        assert_ne!(
            rows[at].version(tenant(2), &orders),
            *version,
            "of another tenant"
        );
    }
    let mut other = rows[0].clone();
    other.key = RowKey::of(&[Value::Integer(2)]).unwrap();
    assert_ne!(other.version(acme, &orders), versions[0], "another key");
}

#[test]
fn a_change_is_made_of_the_row_that_was_read_or_not_at_all() {
    let (all, id) = (catalogue(), tenant(1));
    let read = row(text("smith"), Cell::Value(Value::Null));
    let values = [("note".to_owned(), Value::Text("call".into()))];
    let version = read.version(id, &orders());
    let change = RowChange::update(&all, id, "orders", &read.key, &values, version).unwrap();
    assert!(change.check(Some(&read)).is_ok());
    let gone = change.check(None).unwrap_err();
    assert!(matches!(gone, TablesError::NotFound { .. }), "{gone}");
    let changed = row(text("jones"), Cell::Value(Value::Null));
    let stale = change.check(Some(&changed)).unwrap_err();
    assert!(matches!(stale, TablesError::Stale { .. }), "{stale}");

    let cut = Cell::Cut {
        shown: "long".into(),
        bytes: 1_000_000,
    };
    let large = row(text("smith"), cut);
    let version = large.version(id, &orders());
    let change = RowChange::update(&all, id, "orders", &large.key, &values, version).unwrap();
    let unseen = change.check(Some(&large)).unwrap_err();
    assert!(matches!(unseen, TablesError::TooLarge { .. }), "{unseen}");
}

/// The context of an active tenant.
fn context() -> TenantContext {
    let now = DateTime::UNIX_EPOCH;
    let parts = TenantParts {
        id: tenant(1),
        slug: Slug::new("acme").unwrap(),
        name: TenantName::new("Acme").unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    };
    let actor = Actor::named("operator:7").unwrap();
    TenantContext::of(&Tenant::restore(parts).unwrap(), actor).unwrap()
}

#[test]
fn the_largest_change_has_a_record_and_no_value_is_in_it() {
    let names: Vec<_> = (0..99)
        .map(|number| format!("{:x<60}{number}", 'c'))
        .collect();
    let key = column("key", ColumnKind::Text).settable();
    let others = names
        .iter()
        .map(|name| column(name, ColumnKind::Text).editable());
    let columns = std::iter::once(key).chain(others);
    let wide = TableDeclaration::new("wide", columns, ["key"])
        .unwrap()
        .insertable();
    let all = TableCatalogue::new([wide.clone()]).unwrap();
    let values: Vec<_> = wide
        .columns()
        .iter()
        .filter(|column| column.writable() == Writable::Always)
        .map(|column| (column.name().to_string(), Value::Text("private".into())))
        .collect();
    let change = RowChange::insert(&all, tenant(1), "wide", &values).unwrap();
    let after = Row {
        key: RowKey::of(&[Value::Text("\u{1}\n".repeat(2_048))]).unwrap(),
        cells: vec![text("private"); 100],
    };
    let at = DateTime::UNIX_EPOCH;
    let record = change.record(&context(), at, None, Some(&after)).unwrap();
    assert!(!record.detail.as_str().contains("private"));
    assert!(record.detail.as_str().contains(&names[98]));
    assert!(record.target.as_str().starts_with(r"wide \u{1}\n"));
    assert_eq!(record.actor.as_str(), "operator:7");
}
