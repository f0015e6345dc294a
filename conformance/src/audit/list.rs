//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use std::sync::Arc;

use tenantry::ports::AuditStore;

use crate::port_suite::port_registry;

/// One audit log, in a world of its own, as the suite runs it.
pub trait AuditHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Makes a fresh, empty log. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The log of this world, as one more process would have it.
    fn store(&self) -> Arc<dyn AuditStore>;
}

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of audit logs.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_audit_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            log {
                an_entry_is_read_back_as_it_was_appended;
                entries_are_numbered_from_one_without_gaps;
                each_entry_has_the_hash_of_the_encoding_and_binds_the_one_before;
                chains_have_nothing_to_do_with_each_other;
                pages_show_every_entry_once_in_order;
                the_head_is_the_last_entry;
                what_ten_writers_append_at_once_is_one_chain;
                an_export_is_verified_by_its_lines_alone;
            }
        }
    };
}

for_each_audit_behaviour!([port_registry](AuditHarness));

/// Makes one `#[test]` for each behaviour of audit logs, run on an [`AuditHarness`](crate::audit::AuditHarness).
#[macro_export]
macro_rules! audit_suite {
    ($harness:ty) => {
        $crate::for_each_audit_behaviour!([$crate::__port_tests](audit, $harness));
    };
}
