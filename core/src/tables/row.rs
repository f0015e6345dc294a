use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::token::{from_token, to_token};
use super::{ColumnDeclaration, ColumnKind, QueryRefused, TableDeclaration, Value};
use crate::ports::TablesError;
use crate::{Digest, DigestError, Excerpt, TenantId};

/// What a row holds in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A value.
    Value(Value),
    /// The beginning of a value that is too large to be shown.
    Cut {
        /// The beginning: characters of its text, or hexadecimal digits of bytes.
        shown: String,
        /// How many bytes the whole value has.
        bytes: u64,
    },
    /// What isn't of the column's declared kind: `infinity` in a column of times, text in an SQLite column of numbers.
    Unreadable {
        /// What the database writes for it.
        shown: String,
    },
}

impl Cell {
    /// Makes a cell of what a database gave: the beginning of a value as text, and how many bytes the whole has.
    ///
    /// `text` of bytes is hexadecimal digits. More than `limit` characters (of text) or bytes (of bytes) are cut.
    pub fn of(kind: ColumnKind, text: Option<String>, bytes: u64, limit: CellLimit) -> Self {
        let Some(text) = text else {
            return Self::Value(Value::Null);
        };
        let (shown, more) = limit.cut(kind, text, bytes);
        if more {
            return Self::Cut { shown, bytes };
        }
        match kind.parse(&shown) {
            Ok(value) => Self::Value(value),
            Err(_) => Self::Unreadable { shown },
        }
    }

    /// What is shown of it: nothing of a null.
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Value(value) => value.to_text(),
            Self::Cut { shown, .. } | Self::Unreadable { shown } => Some(shown.clone()),
        }
    }

    /// What is shown of it, with `…` where it was cut; nothing of a null.
    pub fn marked(&self) -> Option<String> {
        let mut shown = self.shown()?;
        if let Self::Cut { bytes, .. } = self {
            let _ = write!(shown, "… ({bytes} bytes)");
        }
        Some(shown)
    }
}

impl Serialize for Cell {
    /// A value as [`Value::to_json`]; others as an object: `{"cut": "…", "bytes": 12345}`, `{"unreadable": "…"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Cut { shown, bytes } => {
                serde_json::json!({ "cut": shown, "bytes": bytes }).serialize(serializer)
            }
            Self::Unreadable { shown } => {
                serde_json::json!({ "unreadable": shown }).serialize(serializer)
            }
        }
    }
}

/// How much of one value is taken out of the database: characters of text, bytes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellLimit(u32);

impl CellLimit {
    /// In a page of a listing: 1,000.
    pub const PAGE: Self = Self(1_000);
    /// In a row by itself: 262,144.
    pub const ROW: Self = Self(256 * 1024);
    /// In an export: 32,000, less than a cell of a spreadsheet takes.
    pub const EXPORT: Self = Self(32_000);

    /// The limit as a number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// What is left of a value's text, and whether there is more of it.
    fn cut(self, kind: ColumnKind, mut text: String, bytes: u64) -> (String, bool) {
        let most = usize::try_from(self.0).unwrap_or(usize::MAX);
        if kind == ColumnKind::Bytes {
            let digits = text.len().min(most.saturating_mul(2));
            text.truncate(digits);
            return (text, bytes > u64::from(self.0));
        }
        match text.char_indices().nth(most) {
            Some((at, _)) => {
                text.truncate(at);
                (text, true)
            }
            None => (text, false),
        }
    }
}

/// A row, as much of it as was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is found by.
    pub key: RowKey,
    /// Its cells, in the order of [`TableDeclaration::columns`].
    pub cells: Vec<Cell>,
}

/// What a database gave of a row, as text: what an adapter makes a [`Row`] of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowTexts {
    /// The beginning of the value in each column of the declaration, at least one character (or byte) more than the limit, if
    /// there is as much. Of bytes, hexadecimal digits.
    pub cells: Vec<Option<String>>,
    /// How many bytes the whole value in each column has; 0 for a null.
    pub bytes: Vec<u64>,
    /// The values in the key's columns, whole.
    pub key: Vec<Option<String>>,
}

impl Row {
    /// Makes a row of what a database gave.
    ///
    /// # Errors
    /// [`TablesError::KeyUnreadable`] if it can't be told from others.
    pub fn read(
        table: &TableDeclaration,
        texts: RowTexts,
        limit: CellLimit,
    ) -> Result<Self, TablesError> {
        let RowTexts { cells, bytes, key } = texts;
        let unreadable = || TablesError::KeyUnreadable {
            table: table.name().clone(),
        };
        let key = key.into_iter().zip(table.key()).map(|(text, column)| {
            let text = text.ok_or_else(unreadable)?;
            column.kind().parse(&text).map_err(|_| unreadable())
        });
        let key = key.collect::<Result<Vec<_>, _>>()?;
        if key.len() != table.key().len() || cells.len() != table.columns().len() {
            return Err(unreadable());
        }
        let key = RowKey::of(&key).ok_or_else(unreadable)?;
        let kinds = table.columns().iter().map(ColumnDeclaration::kind);
        let cells = kinds
            .zip(cells)
            .zip(bytes)
            .map(|((kind, text), bytes)| Cell::of(kind, text, bytes, limit));
        let cells = cells.collect();
        Ok(Self { key, cells })
    }

    /// What it is in the declaration's column of this name.
    pub fn cell(&self, table: &TableDeclaration, column: &str) -> Option<&Cell> {
        self.cells.get(table.position(column)?)
    }

    /// What this row is now, in this tenant's table. Any change of what is declared of it makes it another; of a value that
    /// was cut, its length and what is shown count.
    pub fn version(&self, tenant: TenantId, table: &TableDeclaration) -> RowVersion {
        let mut bytes = Vec::new();
        let mut piece = |text: &str| {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        };
        piece(&tenant.to_string());
        piece(table.name().as_str());
        piece(&self.key.0);
        for (column, cell) in table.columns().iter().zip(&self.cells) {
            piece(column.name().as_str());
            let (tag, shown) = match cell {
                Cell::Value(Value::Null) => ("null", String::new()),
                Cell::Value(value) => ("value", value.to_text().unwrap_or_default()),
                Cell::Cut { shown, bytes } => ("cut", alloc::format!("{bytes} {shown}")),
                Cell::Unreadable { shown } => ("unreadable", shown.clone()),
            };
            piece(tag);
            piece(&shown);
        }
        RowVersion(Digest::of(&[&bytes]))
    }
}

/// What a row was when it was read. A change is made on the condition that it is that still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowVersion(Digest);

impl fmt::Display for RowVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RowVersion {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

/// What one row of a table is found by, as text that is good for a URL. Opaque: hand back what a row gave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RowKey(String);

impl RowKey {
    /// The longest key, in bytes of its values: more than an index of PostgreSQL takes.
    pub const MAX_LENGTH: usize = 4_096;

    /// The key of these values, in the order of [`TableDeclaration::key`]. `None` if one is null, or they are longer than
    /// [`RowKey::MAX_LENGTH`]: such a row can't be told from others.
    pub fn of(values: &[Value]) -> Option<Self> {
        let texts: Option<Vec<_>> = values.iter().map(Value::to_text).collect();
        let texts: Vec<Option<String>> = texts?.into_iter().map(Some).collect();
        to_token(&texts).map(Self)
    }

    /// Takes a key that a row gave. Whether it is one of the table is found out when it is used.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The values, in the order of [`TableDeclaration::key`].
    ///
    /// # Errors
    /// [`QueryRefused::NoSuchKey`] if no row of the table can have it.
    pub fn values(&self, table: &TableDeclaration) -> Result<Vec<Value>, QueryRefused> {
        let refused = || QueryRefused::NoSuchKey {
            table: table.name().clone(),
            key: Excerpt::of(&self.0),
        };
        let texts = from_token(&self.0).ok_or_else(refused)?;
        if texts.len() != table.key().len() {
            return Err(refused());
        }
        let values = texts.iter().zip(table.key()).map(|(text, column)| {
            let text = text.as_deref().ok_or_else(refused)?;
            column.kind().parse(text).map_err(|_| refused())
        });
        values.collect()
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
