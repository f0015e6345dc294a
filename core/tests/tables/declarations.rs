use tenantry::tables::{
    ColumnDeclaration, ColumnKind, DeclarationError, Identifier, TableCatalogue, TableDeclaration,
};

use super::{column, orders};

fn refused(columns: Vec<ColumnDeclaration>, key: &[&str]) -> DeclarationError {
    TableDeclaration::new("orders", columns, key.iter().copied()).unwrap_err()
}

#[test]
fn a_name_is_one_that_both_databases_take_and_that_needs_no_escape() {
    for name in ["orders", "_", "Orders2", "select", &"x".repeat(63)] {
        assert_eq!(Identifier::new(name).unwrap().as_str(), name);
    }
    for name in [
        "",
        "2",
        "a b",
        "a\"",
        "a.b",
        "ä",
        "a-b",
        "a\0",
        &"x".repeat(64),
    ] {
        assert!(Identifier::new(name).is_err(), "{name}");
    }
    assert_eq!(Identifier::new("a").unwrap().quoted(), "\"a\"");
}

#[test]
fn a_secret_column_is_dropped_and_so_nothing_can_name_it() {
    let orders = orders();
    assert!(orders.column("card").is_none());
    let json = serde_json::to_string(&orders).unwrap();
    assert!(!json.contains("card"), "{json}");
}

#[test]
fn a_secret_column_that_would_tell_of_itself_is_refused() {
    let secret = || column("card", ColumnKind::Text).secret();
    let id = || column("id", ColumnKind::Integer);
    for told in [
        secret().filterable(),
        secret().sortable(),
        secret().editable(),
        secret().settable(),
    ] {
        let error = refused(vec![id(), told], &["id"]);
        assert!(
            matches!(error, DeclarationError::SecretInUse { .. }),
            "{error}"
        );
    }
    let error = refused(vec![id(), secret()], &["card"]);
    assert!(
        matches!(error, DeclarationError::KeyNotShown { .. }),
        "{error}"
    );
}

#[test]
fn a_key_is_there_has_an_order_and_is_never_edited() {
    let id = || column("id", ColumnKind::Integer);
    let error = refused(vec![id()], &[]);
    assert!(matches!(error, DeclarationError::NoKey { .. }), "{error}");
    let error = refused(vec![id()], &["number"]);
    assert!(
        matches!(error, DeclarationError::KeyNotShown { .. }),
        "{error}"
    );
    for unfit in [id().editable(), column("id", ColumnKind::Json)] {
        let error = refused(vec![unfit], &["id"]);
        assert!(
            matches!(error, DeclarationError::KeyUnfit { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_column_is_declared_once_and_sorted_if_it_has_an_order() {
    let id = || column("id", ColumnKind::Integer);
    let error = refused(vec![id(), id().secret()], &["id"]);
    assert!(
        matches!(error, DeclarationError::DeclaredTwice { .. }),
        "{error}"
    );
    for kind in [ColumnKind::Json, ColumnKind::Bytes] {
        let error = refused(vec![id(), column("value", kind).sortable()], &["id"]);
        assert!(matches!(error, DeclarationError::NoOrder { .. }), "{error}");
    }
    let many = (0..=100).map(|number| column(&format!("c{number}"), ColumnKind::Text));
    let error = refused(many.collect(), &["c0"]);
    assert!(
        matches!(error, DeclarationError::TooManyColumns { .. }),
        "{error}"
    );
}

#[test]
fn a_table_is_declared_once_and_for_reading_alone_unless_it_says_more() {
    let error = TableCatalogue::new([orders(), orders()]).unwrap_err();
    assert!(
        matches!(error, DeclarationError::TableTwice { .. }),
        "{error}"
    );
    let plain = TableDeclaration::new("plain", [column("id", ColumnKind::Integer)], ["id"]);
    let plain = plain.unwrap();
    assert!(!plain.is_insertable() && !plain.is_deletable() && !plain.is_editable());
    assert!(orders().is_insertable() && orders().is_editable() && !orders().is_deletable());
}
