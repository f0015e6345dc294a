use chrono::{DateTime, Utc};

/// Where the time comes from.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time now. It may stand still or go back; nothing in the core breaks if it does.
    fn now(&self) -> DateTime<Utc>;
}
