use chrono::DateTime;
use proptest::prelude::*;
use tenantry::tables::{ColumnKind, Decimal, Value};

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[^\0]{0,20}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e[+-]?[0-9]{1,3})?"
            .prop_map(|text| Value::Decimal(Decimal::new(&text).unwrap())),
        any::<bool>().prop_map(Value::Boolean),
        (-60_000_000_000_000_000_i64..250_000_000_000_000_000).prop_map(|micros| {
            Value::Timestamp(DateTime::from_timestamp_micros(micros).unwrap())
        }),
        any::<u128>().prop_map(|bits| Value::Uuid(uuid::Uuid::from_u128(bits))),
        "[a-z]{0,9}".prop_map(|text| Value::Json(format!("{{\"key\": \"{text}\"}}"))),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ]
}

proptest! {
    #[test]
    fn a_value_is_read_back_as_it_is_written(value in values()) {
        let kind = value.kind().unwrap();
        prop_assert_eq!(kind.parse(&value.to_text().unwrap()).unwrap(), value.clone());
        prop_assert_eq!(kind.of_json(&value.to_json()).unwrap(), value);
    }

    #[test]
    fn whatever_is_read_is_of_its_kind_or_refused(text in ".{0,30}", at in 0..8_usize) {
        use ColumnKind::{Boolean, Bytes, Decimal, Integer, Json, Text, Timestamp, Uuid};
        let kind = [Text, Integer, Decimal, Boolean, Timestamp, Uuid, Json, Bytes][at];
        if let Ok(value) = kind.parse(&text) {
            prop_assert_eq!(value.kind(), Some(kind));
        }
    }
}

#[test]
fn a_decimal_is_a_number_and_nothing_else() {
    for number in [
        "0",
        "-1",
        "+1.5",
        ".5",
        "5.",
        "1e300",
        "1E-5",
        "NaN",
        "Infinity",
        "-Infinity",
    ] {
        assert!(Decimal::new(number).is_some(), "{number}");
    }
    for text in [
        "",
        ".",
        "-",
        "1e",
        "e5",
        "1.2.3",
        "0x1",
        "1 2",
        "infinity",
        "1;--",
        "--1",
        "1e9999999",
    ] {
        assert!(Decimal::new(text).is_none(), "{text}");
    }
}

#[test]
fn a_time_is_read_as_people_and_both_databases_write_it() {
    let expected = "2024-02-29T12:34:56Z";
    for text in [
        "2024-02-29T12:34:56Z",
        "2024-02-29T13:34:56+01:00",
        "2024-02-29 12:34:56+00",
        "2024-02-29 14:04:56.000000+01:30",
        "2024-02-29 12:34:56",
        "2024-02-29T12:34:56",
    ] {
        let value = ColumnKind::Timestamp.parse(text).unwrap();
        assert_eq!(value.to_text().unwrap(), expected, "{text}");
    }
    let date = ColumnKind::Timestamp.parse("2024-02-29").unwrap();
    assert_eq!(date.to_text().unwrap(), "2024-02-29T00:00:00Z");
    for text in ["2023-02-29", "infinity", "now", "0044-03-15 BC", "12:00"] {
        assert!(ColumnKind::Timestamp.parse(text).is_err(), "{text}");
    }
}

#[test]
fn json_keeps_every_digit_since_it_is_kept_as_text() {
    let text = r#"{"n": 12345678901234567890123}"#;
    let value = ColumnKind::Json.parse(text).unwrap();
    assert_eq!(value.to_json(), serde_json::Value::String(text.into()));
    assert!(ColumnKind::Json.parse("{").is_err());
}

#[test]
fn a_null_byte_is_in_no_text() {
    assert!(ColumnKind::Text.parse("a\0b").is_err());
    assert!(ColumnKind::Json.parse("\"a\0b\"").is_err());
}

#[test]
fn a_refused_value_says_what_would_do() {
    let refused = ColumnKind::Integer.parse("a\nb").unwrap_err().to_string();
    assert_eq!(
        refused,
        r#""a\nb" is no integer: give a whole number of at most 64 bits"#
    );
}
