use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ports::RepositoryError;
use crate::{Excerpt, Tenant, TenantId, TenantStatus};

/// How many items a page holds at most: 1 to 500, 50 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page.
    pub const MAX: u16 = 500;

    /// A page of [`PageSize::MAX`] items.
    pub const LARGEST: Self = Self(Self::MAX);

    /// Takes a size.
    ///
    /// # Errors
    /// [`PageSizeError`], outside 1 to [`PageSize::MAX`].
    pub fn new(size: u16) -> Result<Self, PageSizeError> {
        if size == 0 || size > Self::MAX {
            Err(PageSizeError { size })
        } else {
            Ok(Self(size))
        }
    }

    /// The size as a number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

impl From<PageSize> for u16 {
    fn from(size: PageSize) -> Self {
        size.0
    }
}

impl TryFrom<u16> for PageSize {
    type Error = PageSizeError;

    fn try_from(size: u16) -> Result<Self, PageSizeError> {
        Self::new(size)
    }
}

/// A page size out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("page size {size} is out of range: use 1 to {}", PageSize::MAX)]
pub struct PageSizeError {
    /// The refused size.
    pub size: u16,
}

/// Where the next page begins. Opaque to whoever asks: hand back what a [`Page`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(TenantId);

impl Cursor {
    /// The page that begins right after this tenant.
    pub fn after(id: TenantId) -> Self {
        Self(id)
    }

    /// The tenant that the page begins after: for a repository's `WHERE id > …`.
    pub fn last_seen(&self) -> TenantId {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_uuid().as_simple())
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        text.parse().map(Self).map_err(|_| CursorError {
            cursor: Excerpt::of(text),
        })
    }
}

impl TryFrom<String> for Cursor {
    type Error = CursorError;

    fn try_from(text: String) -> Result<Self, CursorError> {
        text.parse()
    }
}

/// A cursor that no page gave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor {cursor} wasn't given by a page: begin again without a cursor")]
pub struct CursorError {
    /// The refused text.
    pub cursor: Excerpt,
}

/// Which page is wanted. The default is the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins; the first page if absent.
    pub after: Option<Cursor>,
    /// How many items it holds at most.
    pub size: PageSize,
}

impl PageRequest {
    /// The first page, of `size` items at most.
    pub fn first(size: PageSize) -> Self {
        Self { after: None, size }
    }

    /// The page that begins at `cursor`, of the same size.
    #[must_use]
    pub fn at(self, cursor: Cursor) -> Self {
        Self {
            after: Some(cursor),
            ..self
        }
    }

    /// The request for the page after this one, given where that page said the next begins; `None` after the last.
    ///
    /// # Errors
    /// [`RepositoryError::Failed`] if the next page isn't after this one: following it would go round in a circle.
    pub fn following(self, next: Option<Cursor>) -> Result<Option<Self>, RepositoryError> {
        match (self.after, next) {
            (Some(last), Some(next)) if next.last_seen() <= last.last_seen() => {
                Err(RepositoryError::Failed {
                    source: "the next page isn't after this one".into(),
                })
            }
            (_, next) => Ok(next.map(|next| self.at(next))),
        }
    }
}

/// Some of the items, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items, in the listing's order.
    pub items: Vec<T>,
    /// The next page, if there is one.
    pub next: Option<Cursor>,
}

impl Page<Tenant> {
    /// Makes a page of what a repository found when it asked for one item more than `size`.
    ///
    /// The extra item is dropped: it only tells that there is a next page.
    pub fn from_lookahead(mut found: Vec<Tenant>, size: PageSize) -> Self {
        let size = usize::from(size.number());
        let more = found.len() > size;
        found.truncate(size);
        let next = if more {
            found.last().map(|last| Cursor::after(last.id()))
        } else {
            None
        };
        Self { items: found, next }
    }
}

/// Which tenants a listing shows. The default shows all, deleted ones too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Only these statuses; all if empty.
    pub statuses: Vec<TenantStatus>,
    /// Only tenants whose slug or name contains this text. ASCII letters match in either case, every
    /// other character (`%`, `_`, `*` too) only itself.
    pub search: Option<String>,
}

impl TenantFilter {
    /// Only tenants of one status.
    pub fn status(status: TenantStatus) -> Self {
        Self {
            statuses: alloc::vec![status],
            search: None,
        }
    }

    /// Only tenants whose slug or name contains `text`.
    pub fn search(text: impl Into<String>) -> Self {
        Self {
            statuses: Vec::new(),
            search: Some(text.into()),
        }
    }

    /// Whether `tenant` is shown: the definition that every repository agrees with.
    pub fn matches(&self, tenant: &Tenant) -> bool {
        let status = self.statuses.is_empty() || self.statuses.contains(&tenant.status());
        status
            && self
                .search
                .as_deref()
                .is_none_or(|text| found_in(tenant, text))
    }
}

fn found_in(tenant: &Tenant, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let contains = |field: &str| field.to_ascii_lowercase().contains(&text);
    contains(tenant.slug().as_str()) || contains(tenant.name().as_str())
}
