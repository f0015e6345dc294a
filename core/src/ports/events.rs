use alloc::boxed::Box;

use async_trait::async_trait;

use crate::TenantEvent;

/// Who is told what happened to a tenant.
///
/// An event is published after the change that it tells of was stored, once. If the process dies between the
/// two, it is not published: whoever must not miss a change compares versions.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Takes one event. The change is stored already, so this can't refuse: a sink that can fail keeps what it
    /// couldn't deliver, and reports that by its own means.
    async fn publish(&self, event: &TenantEvent);
}
