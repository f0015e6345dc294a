use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{SchemaName, TenantId};

/// How many rows there are, and how well that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowCount {
    /// They were counted.
    Exact(u64),
    /// The database's own estimate, as of when it last looked.
    Estimate(u64),
    /// The database has never looked.
    Unknown,
}

impl RowCount {
    /// The number, however well it is known.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Exact(rows) | Self::Estimate(rows) => Some(rows),
            Self::Unknown => None,
        }
    }

    /// Both together: no better known than the worse of the two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Exact(one), Self::Exact(two)) => Self::Exact(one.saturating_add(two)),
            (Self::Exact(one) | Self::Estimate(one), Self::Exact(two) | Self::Estimate(two)) => {
                Self::Estimate(one.saturating_add(two))
            }
        }
    }
}

/// How much there is of something: a table, or all of a tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Rows.
    pub rows: RowCount,
    /// Bytes on disk of the rows, with what is kept beside them (large values, free space), without the indexes.
    pub bytes: u64,
    /// Bytes on disk of the indexes.
    pub index_bytes: u64,
}

impl Size {
    /// Nothing.
    pub const NONE: Self = Self {
        rows: RowCount::Exact(0),
        bytes: 0,
        index_bytes: 0,
    };

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.plus(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
            index_bytes: self.index_bytes.saturating_add(other.index_bytes),
        }
    }

    /// The bytes of rows and indexes.
    pub fn total_bytes(self) -> u64 {
        self.bytes.saturating_add(self.index_bytes)
    }
}

/// How much there is in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// The table's name.
    pub table: String,
    /// How much.
    pub size: Size,
}

/// How much there is in a tenant's tables now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantUsage {
    /// Whose tables.
    pub tenant: TenantId,
    /// Where they are.
    pub schema: SchemaName,
    /// The tables, by name.
    pub tables: Vec<TableSize>,
}

impl TenantUsage {
    /// All tables together.
    pub fn total(&self) -> Size {
        total(&self.tables)
    }

    /// The same, as what was seen at that time.
    pub fn sampled(self, at: DateTime<Utc>) -> UsageSample {
        UsageSample {
            tenant: self.tenant,
            at,
            tables: self.tables,
        }
    }
}

/// How much there was in a tenant's tables at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSample {
    /// Whose tables.
    pub tenant: TenantId,
    /// When. Kept in whole microseconds.
    pub at: DateTime<Utc>,
    /// The tables, by name.
    pub tables: Vec<TableSize>,
}

impl UsageSample {
    /// All tables together.
    pub fn total(&self) -> Size {
        total(&self.tables)
    }
}

fn total(tables: &[TableSize]) -> Size {
    tables
        .iter()
        .fold(Size::NONE, |sum, table| sum.plus(table.size))
}
