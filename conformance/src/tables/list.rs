//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::TableHarness;
use crate::port_suite::port_registry;

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of browsing tables.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_table_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            isolation {
                a_page_shows_one_tenants_rows_alone;
                no_filter_and_no_order_shows_another_tenants_row;
                a_cursor_of_another_tenant_is_refused;
                a_key_of_another_tenant_shows_and_changes_nothing_of_it;
                a_plan_of_another_tenant_is_refused;
                a_table_that_is_not_the_tenants_is_not_as_declared;
                a_tenant_without_its_tables_is_an_error;
            }
            listing {
                pages_show_every_row_once_by_the_key;
                pages_show_each_row_once_while_others_are_inserted;
                rows_that_are_alike_in_their_order_are_each_shown_once;
                rows_are_sorted_by_every_kind_either_way_nulls_last;
                rows_are_filtered_by_every_kind;
                a_filter_takes_every_character_for_itself;
                a_key_of_two_columns_is_paged;
            }
            values {
                every_kind_is_read_as_it_was_put_in;
                a_value_that_is_too_large_is_cut_and_marked;
                a_row_by_itself_shows_more_of_it;
                reading_writes_nothing;
            }
            secrets {
                a_secret_column_is_in_no_row_and_no_export;
                a_secret_column_cannot_be_named;
                a_refused_change_tells_no_secret;
            }
            changes {
                a_change_is_what_was_asked_and_the_rest_stays;
                every_kind_is_written_as_it_was_given;
                a_stale_change_is_refused_and_changes_nothing;
                a_stale_delete_is_refused_and_deletes_nothing;
                of_ten_changes_of_one_version_one_is_made;
                a_new_row_is_there_with_what_the_store_gave_it;
                a_deleted_row_is_gone_and_the_others_stay;
                every_change_is_in_the_audit_log;
                a_change_that_cannot_be_recorded_is_not_made;
                what_the_store_refuses_changes_nothing_and_is_not_recorded;
                a_suspended_tenants_rows_are_shown_and_stay_as_they_are;
            }
            exports {
                an_export_has_every_row_once_in_its_order;
                an_export_holds_no_formula;
            }
        }
    };
}

for_each_table_behaviour!([port_registry](TableHarness));

/// Makes one `#[test]` for each behaviour of browsing tables, run on a [`TableHarness`](crate::tables::TableHarness).
#[macro_export]
macro_rules! table_suite {
    ($harness:ty) => {
        $crate::for_each_table_behaviour!([$crate::__port_tests](tables, $harness));
    };
}
