use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Excerpt, PageSize};

/// Which rows of a table are wanted, in whoever asks's words. Nothing of it is believed: it is planned against the
/// declaration first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableQuery {
    /// The table.
    pub table: String,
    /// All of these hold of a row that is shown.
    pub filters: Vec<Filter>,
    /// What the rows are sorted by; by their key, if absent. Rows that are alike in it are sorted by their key, and nulls come
    /// last.
    pub sort: Option<Sort>,
    /// Where the page begins: what the page before gave. The first page, if absent.
    pub after: Option<TableCursor>,
    /// How many rows it holds at most.
    pub size: PageSize,
}

impl TableQuery {
    /// How many filters a query has at most.
    pub const MOST_FILTERS: usize = 20;

    /// The first rows of this table, by their key.
    pub fn of(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            ..Self::default()
        }
    }

    /// The same, and this holds of a row that is shown.
    #[must_use]
    pub fn filtered(
        mut self,
        column: impl Into<String>,
        operator: FilterOperator,
        value: Option<&str>,
    ) -> Self {
        self.filters.push(Filter {
            column: column.into(),
            operator,
            value: value.map(Into::into),
        });
        self
    }

    /// The same, sorted by a column.
    #[must_use]
    pub fn sorted(mut self, column: impl Into<String>, direction: Direction) -> Self {
        self.sort = Some(Sort {
            column: column.into(),
            direction,
        });
        self
    }

    /// The same, in pages of this size.
    #[must_use]
    pub fn in_pages_of(mut self, size: PageSize) -> Self {
        self.size = size;
        self
    }

    /// The same, from here on.
    #[must_use]
    pub fn after(mut self, cursor: TableCursor) -> Self {
        self.after = Some(cursor);
        self
    }
}

/// What holds of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of which column.
    pub column: String,
    /// How its value is compared.
    pub operator: FilterOperator,
    /// With what, as [`ColumnKind::parse`](super::ColumnKind::parse) reads it. Nothing, for the two about null.
    pub value: Option<String>,
}

/// How a value is compared. As text: `eq`, `contains`, `lt`, `le`, `gt`, `ge`, `null`, `not_null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum FilterOperator {
    /// It is the same.
    Equal,
    /// It has this text in it. ASCII letters match in either case, every other character (`%`, `_`, `*` too) only itself.
    Contains,
    /// It is less.
    Less,
    /// It is less, or the same.
    AtMost,
    /// It is more.
    Greater,
    /// It is more, or the same.
    AtLeast,
    /// There is none.
    Null,
    /// There is one.
    NotNull,
}

impl FilterOperator {
    const ALL: [Self; 8] = [
        Self::Equal,
        Self::Contains,
        Self::Less,
        Self::AtMost,
        Self::Greater,
        Self::AtLeast,
        Self::Null,
        Self::NotNull,
    ];

    /// As text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::Contains => "contains",
            Self::Less => "lt",
            Self::AtMost => "le",
            Self::Greater => "gt",
            Self::AtLeast => "ge",
            Self::Null => "null",
            Self::NotNull => "not_null",
        }
    }

    /// Whether it compares with a value.
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::Null | Self::NotNull)
    }
}

impl fmt::Display for FilterOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<FilterOperator> for &'static str {
    fn from(operator: FilterOperator) -> Self {
        operator.as_str()
    }
}

impl FromStr for FilterOperator {
    type Err = FilterOperatorError;

    fn from_str(text: &str) -> Result<Self, FilterOperatorError> {
        let mut all = Self::ALL.into_iter();
        all.find(|operator| operator.as_str() == text)
            .ok_or_else(|| FilterOperatorError {
                operator: Excerpt::of(text),
            })
    }
}

impl TryFrom<String> for FilterOperator {
    type Error = FilterOperatorError;

    fn try_from(text: String) -> Result<Self, FilterOperatorError> {
        text.parse()
    }
}

/// A text that is no [`FilterOperator`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operator} is no filter: use eq, contains, lt, le, gt, ge, null or not_null")]
pub struct FilterOperatorError {
    /// The refused text.
    pub operator: Excerpt,
}

/// What rows are sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// Which column.
    pub column: String,
    /// Which way.
    pub direction: Direction,
}

/// Which way rows are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The least first.
    #[default]
    Ascending,
    /// The greatest first.
    Descending,
}

/// Where the next page begins, as text that is good for a URL. Opaque: hand back what a page gave, with the same tenant, table,
/// filters and order. With any others it is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableCursor(pub(super) String);

impl TableCursor {
    /// Takes a cursor that a page gave. Whether it is one is found out when it is used.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
