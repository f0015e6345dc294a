use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Size;
use crate::{Excerpt, PageSize, TenantId};

/// What tenants are compared by. As text: `rows`, `bytes`, `index_bytes`, `total_bytes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Rows; what isn't known counts as none.
    Rows,
    /// Bytes of rows.
    Bytes,
    /// Bytes of indexes.
    IndexBytes,
    /// Bytes of both.
    #[default]
    TotalBytes,
}

impl Measure {
    /// How much of it there is.
    pub fn of(self, size: Size) -> u64 {
        match self {
            Self::Rows => size.rows.number().unwrap_or(0),
            Self::Bytes => size.bytes,
            Self::IndexBytes => size.index_bytes,
            Self::TotalBytes => size.total_bytes(),
        }
    }

    /// As text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::IndexBytes => "index_bytes",
            Self::TotalBytes => "total_bytes",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Measure {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let mut all = [Self::Rows, Self::Bytes, Self::IndexBytes, Self::TotalBytes].into_iter();
        all.find(|measure| measure.as_str() == text)
            .ok_or_else(|| MeasureError {
                measure: Excerpt::of(text),
            })
    }
}

/// A text that is no [`Measure`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{measure} is no measure: use rows, bytes, index_bytes or total_bytes")]
pub struct MeasureError {
    /// The refused text.
    pub measure: Excerpt,
}

/// Which of a tenant's samples are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesQuery {
    /// Whose.
    pub tenant: TenantId,
    /// Of this table alone; of all together, if absent.
    pub table: Option<String>,
    /// From this time on.
    pub from: DateTime<Utc>,
    /// Until before this time.
    pub until: DateTime<Utc>,
    /// At most so many: the time is divided evenly, and each part shows its last sample.
    pub points: PageSize,
}

impl SeriesQuery {
    /// In which part of the time a sample is, from 0; `None` outside.
    pub fn part(&self, at: DateTime<Utc>) -> Option<u16> {
        let (from, until) = (self.from.timestamp_micros(), self.until.timestamp_micros());
        let at = at.timestamp_micros();
        if at < from || at >= until {
            return None;
        }
        let parts = i128::from(self.points.number());
        let part = i128::from(at - from) * parts / i128::from(until - from);
        u16::try_from(part).ok()
    }
}

/// How much there was at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsagePoint {
    /// When.
    pub at: DateTime<Utc>,
    /// How much.
    pub size: Size,
}

/// How much a tenant has, by its last sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSize {
    /// Whose.
    pub tenant: TenantId,
    /// When that was.
    pub at: DateTime<Utc>,
    /// All tables together.
    pub size: Size,
}
