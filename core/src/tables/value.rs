use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};

use super::ColumnKind;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value, whatever the column's kind.
    Null,
    /// Text. It holds no NUL.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number, as the database writes it.
    Decimal(Decimal),
    /// True or false.
    Boolean(bool),
    /// A moment.
    Timestamp(DateTime<Utc>),
    /// A UUID.
    Uuid(uuid::Uuid),
    /// The text of some JSON, byte for byte: numbers beyond what a float holds stay what they are.
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// What it is, unless it is null.
    pub fn kind(&self) -> Option<ColumnKind> {
        match self {
            Self::Null => None,
            Self::Text(_) => Some(ColumnKind::Text),
            Self::Integer(_) => Some(ColumnKind::Integer),
            Self::Decimal(_) => Some(ColumnKind::Decimal),
            Self::Boolean(_) => Some(ColumnKind::Boolean),
            Self::Timestamp(_) => Some(ColumnKind::Timestamp),
            Self::Uuid(_) => Some(ColumnKind::Uuid),
            Self::Json(_) => Some(ColumnKind::Json),
            Self::Bytes(_) => Some(ColumnKind::Bytes),
        }
    }

    /// The value as [`ColumnKind::parse`] reads it back; `None` for null.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Json(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Decimal(number) => Some(number.as_str().into()),
            Self::Boolean(truth) => Some(truth.to_string()),
            Self::Timestamp(time) => Some(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::Uuid(uuid) => Some(uuid.as_hyphenated().to_string()),
            Self::Bytes(bytes) => Some(hex_of(bytes)),
        }
    }

    /// The value in JSON: null, a boolean, an integer as a number, everything else as its text. A JSON column's value is
    /// the text of it, so that nothing is lost of its numbers.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Integer(number) => (*number).into(),
            Self::Boolean(truth) => (*truth).into(),
            other => other.to_text().into(),
        }
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// A number in decimal digits, kept as it was written: `-12.50`, `1e+300`, `NaN`, `Infinity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// Takes a number; `None`, if it is none.
    pub fn new(text: &str) -> Option<Self> {
        let special = matches!(text, "NaN" | "Infinity" | "-Infinity");
        (special || is_number(text)).then(|| Self(text.into()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Sign, digits with at most one point among them, exponent.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits_of = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits_of.is_empty() && digits_of.len() <= 6 && digits(digits_of)
    });
    !(whole.is_empty() && part.is_empty()) && digits(whole) && digits(part) && exponent_fits
}

/// Two lower-case hexadecimal digits for each byte.
pub(super) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of an even number of hexadecimal digits.
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    pairs
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}
