use std::fmt;

/// Something that not every job queue can do.
///
/// Keeping tenants apart is none of these: whatever a queue claims, a job runs in its own scope alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum JobCapability {
    /// [`JobHarness::put_in_within`](super::JobHarness::put_in_within).
    Transactions,
    /// Jobs are handed out by the port, under leases, in the port's order and with its fairness: all methods that take a
    /// [`Lease`](tenantry::jobs::Lease) or give one, and [`set_share`](tenantry::ports::JobQueue::set_share). Who doesn't
    /// claim it has workers of another make, which the suite runs by [`JobHarness::work`](super::JobHarness::work).
    HandingOut,
}

impl JobCapability {
    /// Every capability, in the order of the book's table.
    pub const ALL: [Self; 2] = [Self::Transactions, Self::HandingOut];
}

impl fmt::Display for JobCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
