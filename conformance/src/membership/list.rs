//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::MembershipHarness;
use crate::port_suite::port_registry;

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of stores of members.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_membership_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            members {
                a_member_is_read_back_as_they_were_put_in;
                whoever_is_no_member_has_no_role;
                roles_in_one_tenant_are_none_in_another;
                subjects_are_compared_by_their_bytes;
                another_role_keeps_since_when;
                a_removed_member_has_no_role;
                standing_says_what_is_stored_of_those_who_were_asked_about;
                the_listing_shows_every_member_once_by_subject;
                memberships_are_listed_once_by_tenant;
            }
            changes {
                a_change_on_an_old_version_is_refused_and_changes_nothing;
                each_change_raises_the_version_by_one;
                of_ten_changes_that_race_one_is_made;
                of_two_owners_who_leave_at_once_one_stays;
            }
            invitations {
                an_invitation_is_read_back_as_it_was_made;
                an_invitation_is_found_by_its_token_alone;
                an_accepted_invitation_is_used_up;
                of_ten_newcomers_who_race_for_an_invitation_one_gets_in;
                a_withdrawn_invitation_lets_nobody_in;
                an_expired_invitation_lets_nobody_in;
                an_invitation_for_somebody_lets_nobody_else_in;
                an_invitation_is_worth_nothing_when_who_gave_it_has_left;
                the_listing_shows_every_invitation_once_by_id;
            }
            purging {
                a_purged_tenant_has_no_members_and_no_invitations;
                forgetting_a_tenant_leaves_the_others_alone;
            }
        }
    };
}

for_each_membership_behaviour!([port_registry](MembershipHarness));

/// Makes one `#[test]` for each behaviour of stores of members, run on a
/// [`MembershipHarness`](crate::membership::MembershipHarness).
#[macro_export]
macro_rules! membership_suite {
    ($harness:ty) => {
        $crate::for_each_membership_behaviour!([$crate::__port_tests](membership, $harness));
    };
}
