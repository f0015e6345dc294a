use alloc::string::{String, ToString};
use core::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::value::bytes_of_hex;
use super::{Decimal, FilterOperator, Value};
use crate::Excerpt;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Text, an enumeration, anything that the database writes as text.
    Text,
    /// A whole number of at most 64 bits.
    Integer,
    /// Any number, exactly as the database writes it.
    Decimal,
    /// True or false.
    Boolean,
    /// A moment, to the microsecond. What has no time zone is taken as UTC; a date, as its midnight.
    Timestamp,
    /// A UUID.
    Uuid,
    /// JSON, kept as its text.
    Json,
    /// Bytes, shown in hexadecimal digits.
    Bytes,
}

impl ColumnKind {
    /// How rows can be filtered by such a column.
    pub fn operators(self) -> &'static [FilterOperator] {
        use FilterOperator::{AtLeast, AtMost, Contains, Equal, Greater, Less, NotNull, Null};
        match self {
            Self::Text => &[Equal, Contains, Null, NotNull],
            Self::Integer | Self::Decimal | Self::Timestamp => {
                &[Equal, Less, AtMost, Greater, AtLeast, Null, NotNull]
            }
            Self::Boolean | Self::Uuid => &[Equal, Null, NotNull],
            Self::Json | Self::Bytes => &[Null, NotNull],
        }
    }

    /// Whether such a column has an order that all stores agree on.
    pub fn is_sortable(self) -> bool {
        !matches!(self, Self::Json | Self::Bytes)
    }

    /// Reads a value as a person or a database writes it. Never gives [`Value::Null`].
    ///
    /// # Errors
    /// [`ValueError`].
    pub fn parse(self, text: &str) -> Result<Value, ValueError> {
        let value = match self {
            Self::Text => (!text.contains('\0')).then(|| Value::Text(text.into())),
            Self::Integer => text.trim().parse().ok().map(Value::Integer),
            Self::Decimal => Decimal::new(text.trim()).map(Value::Decimal),
            Self::Boolean => boolean(text.trim()).map(Value::Boolean),
            Self::Timestamp => timestamp(text.trim()).map(Value::Timestamp),
            Self::Uuid => text.trim().parse().ok().map(Value::Uuid),
            Self::Json => json(text).then(|| Value::Json(text.into())),
            Self::Bytes => bytes_of_hex(text.trim()).map(Value::Bytes),
        };
        value.ok_or_else(|| ValueError {
            kind: self,
            text: Excerpt::of(text),
        })
    }

    /// Reads a value that came as JSON: `null`, or what [`Value::to_json`] gives. Numbers are taken for integers and
    /// decimals, too, and a JSON column takes JSON as it is, or the text of it.
    ///
    /// # Errors
    /// [`ValueError`].
    pub fn of_json(self, json: &serde_json::Value) -> Result<Value, ValueError> {
        let text: String = match (self, json) {
            (_, serde_json::Value::Null) => return Ok(Value::Null),
            (_, serde_json::Value::String(text)) => text.clone(),
            (Self::Integer | Self::Decimal, serde_json::Value::Number(number)) => {
                number.to_string()
            }
            (Self::Boolean, serde_json::Value::Bool(truth)) => truth.to_string(),
            (Self::Json, json) => json.to_string(),
            (_, json) => {
                return Err(ValueError {
                    kind: self,
                    text: Excerpt::of(&json.to_string()),
                });
            }
        };
        self.parse(&text)
    }

    /// How the kind is written for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Bytes => "bytes",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Text => "any text without a NUL",
            Self::Integer => "a whole number of at most 64 bits",
            Self::Decimal => "a number such as -12.50",
            Self::Boolean => "true or false",
            Self::Timestamp => "a time such as 2026-01-31T23:59:59Z",
            Self::Uuid => "a UUID",
            Self::Json => "JSON",
            Self::Bytes => "an even number of hexadecimal digits",
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that isn't a value of the kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no {kind}: give {}", kind.example())]
pub struct ValueError {
    /// What was wanted.
    pub kind: ColumnKind,
    /// The refused text.
    pub text: Excerpt,
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// RFC 3339, and what PostgreSQL and SQLite write: a blank for the `T`, `+00` for the zone, no zone, a date alone.
fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    const ZONED: [&str; 3] = [
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M%#z",
    ];
    const LOCAL: [&str; 4] = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ];
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let zoned = ZONED
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok());
    if let Some(time) = zoned {
        return Some(time.to_utc());
    }
    let local = LOCAL
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let midnight = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_time(NaiveTime::MIN))
    };
    Some(local.or_else(midnight)?.and_utc())
}

fn json(text: &str) -> bool {
    !text.contains('\0') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
