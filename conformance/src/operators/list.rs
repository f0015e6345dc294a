//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use std::sync::Arc;

use tenantry::ports::OperatorStore;

use crate::port_suite::port_registry;

/// One store of operators, in a world of its own, as the suite runs it.
pub trait OperatorHarness: Send + Sync + Sized + 'static {
    /// What the adapter is called in reports: `postgres`.
    const ADAPTER: &'static str;

    /// Makes a fresh, empty store. Dropping the harness clears it away.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start() -> Self;

    /// The store of this world, as one more process would have it.
    fn store(&self) -> Arc<dyn OperatorStore>;
}

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of stores of operators.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_operator_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            accounts {
                an_account_is_read_back_as_it_was_put;
                an_account_that_is_put_again_is_the_new_one_with_the_same_sessions;
                the_listing_shows_every_account_once_by_name;
                a_removed_accounts_links_and_sessions_are_gone_for_good;
            }
            links {
                a_link_is_taken_once;
                of_ten_who_take_a_link_at_once_one_gets_it;
                a_link_of_nobodys_account_is_refused;
            }
            sessions {
                a_session_is_read_back_with_its_account_as_it_is_now;
                a_session_of_nobodys_account_is_refused_and_ends_none;
                a_session_of_an_identity_needs_no_account_and_has_none;
                a_session_ends_the_one_that_it_replaces;
                a_session_that_is_ended_is_gone_and_the_others_go_on;
                all_of_somebodys_sessions_and_links_end_and_nobody_elses;
                a_session_is_noted_as_seen_and_never_as_earlier;
                sweeping_forgets_what_is_over_and_nothing_else;
            }
        }
    };
}

for_each_operator_behaviour!([port_registry](OperatorHarness));

/// Makes one `#[test]` for each behaviour of stores of operators, run on an
/// [`OperatorHarness`](crate::operators::OperatorHarness).
#[macro_export]
macro_rules! operator_suite {
    ($harness:ty) => {
        $crate::for_each_operator_behaviour!([$crate::__port_tests](operators, $harness));
    };
}
