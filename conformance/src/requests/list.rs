//! The one list of behaviours. The registry and the tests of every stack are made of it.

use super::RequestHarness;
use crate::port_suite::port_registry;

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of requests.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_request_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            sources {
                a_subdomain_leads_to_its_tenant_and_to_no_other;
                a_domain_of_its_own_leads_to_its_tenant_and_a_strangers_to_nobody;
                a_header_names_the_tenant_if_a_trusted_proxy_sets_it;
                a_header_from_anybody_else_is_refused;
                a_header_that_is_there_twice_is_refused;
                a_path_names_the_tenant_and_the_handler_sees_the_rest;
                a_tokens_claim_names_the_tenant;
                a_token_that_is_forged_or_expired_is_refused_wherever_the_tenant_is_named;
                sources_that_agree_are_heard_in_every_order;
                two_sources_that_name_different_tenants_are_refused_in_every_order;
                a_slug_and_an_id_of_different_tenants_are_refused_cold_and_warm;
            }
            hosts {
                a_host_leads_to_its_tenant_however_it_is_written;
                the_hosts_own_names_and_addresses_are_nobodys_tenant;
                what_is_no_host_is_refused_as_malformed;
                a_host_of_somebody_elses_leads_nowhere;
                two_hosts_in_one_request_are_refused;
            }
            refusals {
                an_unknown_tenant_is_a_404;
                a_suspended_tenant_is_a_403_and_a_deleted_one_looks_unknown;
                a_tenant_that_is_not_ready_is_a_503_that_says_when_to_come_back;
                a_name_that_can_be_no_tenants_is_a_400;
                a_request_that_names_nobody_passes_only_where_that_is_declared;
                who_is_no_member_is_answered_as_if_there_were_no_such_tenant;
                what_a_tenant_is_at_the_moment_is_told_to_its_members_alone;
            }
            freshness {
                a_suspended_tenant_is_refused_by_every_process_within_a_second;
                an_activated_tenant_is_served_by_every_process_within_a_second;
                a_renamed_tenant_has_its_new_name_in_every_process_within_a_second;
                a_slug_that_passes_to_another_tenant_leads_to_it_within_a_second;
                a_domain_that_passes_to_another_tenant_leads_to_it_within_a_second;
            }
            floods {
                a_flood_of_unknown_names_costs_a_bounded_number_of_look_ups;
                a_flood_of_unknown_names_is_not_all_remembered;
                a_known_tenant_is_served_in_the_middle_of_a_flood;
                after_a_flood_there_is_room_for_new_names;
            }
            contexts {
                requests_of_ten_tenants_at_once_each_see_their_own_rows;
                after_an_answer_an_error_or_a_panic_nobody_has_the_tenant;
                a_spawned_task_has_no_tenant;
                a_task_that_is_handed_the_tenant_has_it;
            }
        }
    };
}

for_each_request_behaviour!([port_registry](RequestHarness));

/// Makes one `#[test]` for each behaviour of requests, run on a [`RequestHarness`](crate::requests::RequestHarness).
#[macro_export]
macro_rules! request_suite {
    ($harness:ty) => {
        $crate::for_each_request_behaviour!([$crate::__port_tests](requests, $harness));
    };
}
