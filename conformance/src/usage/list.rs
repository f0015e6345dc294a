//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::UsageHarness;
use crate::port_suite::port_registry;

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of usage.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_usage_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            samples {
                a_sample_is_read_back_as_it_was_recorded;
                a_sample_of_the_same_time_takes_its_place;
                a_series_shows_the_last_sample_of_each_part_of_the_time;
                a_series_is_of_one_tenant_and_one_table_alone;
                the_largest_tenants_come_first;
                quiet_tenants_are_those_whose_samples_are_alike;
                pruning_forgets_what_is_older_and_no_more;
                forgetting_a_tenants_samples_leaves_the_others_alone;
                a_purged_tenants_samples_are_gone;
            }
            sizes {
                sizes_are_of_each_tenants_own_tables;
                a_tenant_without_its_schema_is_left_out;
                a_run_samples_every_tenant_with_a_schema_once;
            }
        }
    };
}

for_each_usage_behaviour!([port_registry](UsageHarness));

/// Makes one `#[test]` for each behaviour of usage, run on a [`UsageHarness`](crate::usage::UsageHarness).
#[macro_export]
macro_rules! usage_suite {
    ($harness:ty) => {
        $crate::for_each_usage_behaviour!([$crate::__port_tests](usage, $harness));
    };
}
