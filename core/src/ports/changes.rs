use alloc::boxed::Box;
use core::time::Duration;

use async_trait::async_trait;

use crate::TenantId;

/// How a process is told that tenants changed, so that what it remembers of them doesn't outlive the change.
///
/// One value is one subscription: PostgreSQL's `LISTEN`, say. Whoever keeps records in memory reads it in a loop for as
/// long as the process lives.
///
/// # Contract
/// - **After the commit.** A change is told once it can be read, never before: whoever reads the record on hearing of it
///   sees the change or a later one.
/// - **Nothing is left out between [`Connected`](ChangeSignal::Connected) and [`Cut`](ChangeSignal::Cut).** Any change of a
///   record (its status, name, settings, its removal), or of what leads to one (its domains), is told in that time.
///   A feed that may have missed something says `Cut`, then `Connected`. One that can't say what changed says
///   [`Everything`](ChangeSignal::Everything).
/// - **The first signal is `Connected` or `Cut`.** A feed goes on for ever: after `Cut` it tries again by itself.
/// - **A silent line is found out.** A feed that is connected proves several times a second that it still hears, by a round
///   trip on the same line, and says [`Current`](ChangeSignal::Current), for the first time right after `Connected`. A
///   connection that the network lost without a word gives none, and the reader's trust runs out.
/// - A dropped future takes no signal with it: the next call returns it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TenantChanges: Send {
    /// Waits for the next signal.
    async fn next(&mut self) -> ChangeSignal;
}

/// What [`TenantChanges`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeSignal {
    /// From now on every change is told. Those from before may have been missed.
    Connected,
    /// Every change that was committed up to `age` before this was returned has been told.
    Current {
        /// How long ago the proof was begun.
        age: Duration,
    },
    /// One tenant's record changed, or was made, or is gone, or is led to by other names.
    Tenant(TenantId),
    /// Any record may have changed.
    Everything,
    /// From now on nothing is told, until `Connected`.
    Cut,
}
