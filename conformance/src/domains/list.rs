//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::DomainHarness;
use crate::port_suite::port_registry;

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of stores of domains.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_domain_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            claims {
                a_claim_is_read_back_as_it_was_made;
                a_domain_that_was_claimed_keeps_its_challenge;
                a_claim_alone_gives_nothing_and_is_in_nobodys_way;
                the_listing_shows_every_claim_once_by_domain;
                a_released_domain_is_free_at_once;
            }
            proofs {
                a_proven_domain_is_its_tenants;
                a_domain_that_is_not_proven_is_nobodys;
                a_domain_that_two_prove_stays_with_the_first;
                of_ten_tenants_who_race_for_a_domain_one_gets_it;
                a_domain_passes_to_who_proves_it_when_the_other_cannot_any_more;
                an_answer_about_an_earlier_claim_is_refused_and_changes_nothing;
            }
            rechecks {
                a_domain_whose_record_is_lost_outlasts_its_grace_and_no_more;
                a_name_server_that_is_away_takes_no_domain_away;
                only_what_was_not_checked_for_long_is_checked_again;
            }
            purging {
                a_purged_tenants_domains_are_free;
                forgetting_a_tenants_domains_leaves_the_others_alone;
            }
        }
    };
}

for_each_domain_behaviour!([port_registry](DomainHarness));

/// Makes one `#[test]` for each behaviour of stores of domains, run on a
/// [`DomainHarness`](crate::domains::DomainHarness).
#[macro_export]
macro_rules! domain_suite {
    ($harness:ty) => {
        $crate::for_each_domain_behaviour!([$crate::__port_tests](domains, $harness));
    };
}
