//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::JobCapability::{self, HandingOut, Transactions};
use super::JobHarness;
use super::behaviours::{
    any_worker, endings, fairness, leases, order, putting_in, records, workers,
};
use crate::behaviour::{judged, within_patience};
use crate::{Verdict, Violation};

/// One thing that every job queue must do, as a function.
pub struct JobBehaviour {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    claimed: bool,
    run: fn() -> Verdict,
}

/// What a [`JobBehaviour`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribedJob {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    /// What it is about, with `_` for each blank.
    pub group: &'static str,
    /// The capability that it needs, if it isn't asked of every queue.
    pub needs: Option<JobCapability>,
}

impl JobBehaviour {
    fn of<H: JobHarness>(
        name: &'static str,
        needs: Option<JobCapability>,
        run: fn() -> Verdict,
    ) -> Self {
        let claimed = needs.is_none_or(|needed| H::CLAIMS.contains(&needed));
        Self { name, claimed, run }
    }

    /// Runs it in a world of its own.
    ///
    /// Without the claim to what it needs, it has to end in
    /// [`JobQueueError::Unsupported`](tenantry::ports::JobQueueError::Unsupported).
    ///
    /// # Errors
    /// What was seen that shouldn't have been; a panic and a behaviour that doesn't end are that, too.
    pub fn check(&self) -> Verdict {
        judged(self.claimed, within_patience(self.run))
    }
}

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of job queues.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_job_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            putting_in {
                a_job_comes_back_as_it_was_put_in
                    needs HandingOut;
                a_payload_comes_back_byte_for_byte
                    needs HandingOut;
                putting_the_same_id_in_again_changes_nothing
                    needs HandingOut;
                an_id_that_another_scope_has_is_refused_and_not_taken_for_it;
                of_two_jobs_with_one_unique_key_one_is_put_in
                    needs HandingOut;
                unique_keys_of_two_scopes_never_meet
                    needs HandingOut;
                a_unique_key_is_free_again_when_its_job_has_ended
                    needs HandingOut;
                of_ten_that_race_for_a_unique_key_one_is_put_in
                    needs HandingOut;
                a_job_put_in_within_a_transaction_exists_if_and_only_if_it_commits
                    needs Transactions;
                a_job_put_in_as_shared_is_no_tenants
                    needs HandingOut;
                a_job_keeps_its_tenant_on_every_attempt
                    needs HandingOut;
            }
            order {
                the_highest_priority_goes_first
                    needs HandingOut;
                jobs_of_one_priority_go_first_in_first_out
                    needs HandingOut;
                the_job_that_is_due_the_longest_goes_first
                    needs HandingOut;
                a_job_is_not_handed_out_before_its_time
                    needs HandingOut;
                a_worker_is_handed_only_kinds_that_it_has_handlers_for
                    needs HandingOut;
                a_job_without_a_handler_here_waits_unburned
                    needs HandingOut;
                each_of_many_jobs_is_handed_to_one_of_eight_workers
                    needs HandingOut;
            }
            leases {
                a_job_whose_lease_ran_out_is_handed_out_again
                    needs HandingOut;
                each_hand_out_has_a_greater_token
                    needs HandingOut;
                a_late_completion_is_refused_and_changes_nothing
                    needs HandingOut;
                a_late_failure_is_refused_and_changes_nothing
                    needs HandingOut;
                a_late_give_back_and_extension_are_refused_and_change_nothing
                    needs HandingOut;
                a_result_after_the_lease_counts_while_nobody_else_has_the_job
                    needs HandingOut;
                an_extended_lease_keeps_the_job
                    needs HandingOut;
                a_job_is_completed_once
                    needs HandingOut;
                a_worker_lost_in_the_last_attempt_leaves_a_dead_letter
                    needs HandingOut;
            }
            endings {
                what_a_job_gave_is_kept
                    needs HandingOut;
                a_failed_job_waits_and_comes_back_with_its_attempts_counted
                    needs HandingOut;
                a_job_given_back_waits_unburned
                    needs HandingOut;
                a_scope_that_was_told_to_wait_does_and_the_others_do_not
                    needs HandingOut;
                a_scope_that_waited_goes_on_in_its_order
                    needs HandingOut;
                a_buried_job_is_kept_with_its_reason_and_never_handed_out
                    needs HandingOut;
                a_dead_letter_that_is_put_back_runs_with_all_its_attempts
                    needs HandingOut;
                only_a_dead_letter_can_be_put_back
                    needs HandingOut;
                a_dead_letter_is_not_put_back_while_another_has_its_unique_key
                    needs HandingOut;
                a_waiting_job_that_is_made_due_runs_at_once_with_its_attempts_counted
                    needs HandingOut;
                only_a_waiting_job_can_be_made_due
                    needs HandingOut;
                a_cancelled_job_never_runs
                    needs HandingOut;
                a_running_job_cannot_be_cancelled
                    needs HandingOut;
            }
            records {
                an_unknown_job_is_not_found;
                the_listing_shows_every_job_once_by_id
                    needs HandingOut;
                the_listing_shows_the_wanted_scope_and_states_only
                    needs HandingOut;
                stats_count_each_state_of_the_wanted_scope_only
                    needs HandingOut;
                pruning_forgets_what_ended_before_that_time_and_nothing_else
                    needs HandingOut;
                pruning_keeps_dead_letters_unless_told
                    needs HandingOut;
                pruning_reaches_the_wanted_scope_only
                    needs HandingOut;
            }
            fairness {
                many_waiting_jobs_delay_anothers_single_job_by_one_round
                    needs HandingOut;
                weights_decide_the_shares
                    needs HandingOut;
                a_tenant_that_was_idle_has_not_saved_up_turns
                    needs HandingOut;
                priority_never_puts_one_tenant_before_another
                    needs HandingOut;
                a_scope_runs_no_more_jobs_at_once_than_its_share_allows
                    needs HandingOut;
            }
            any_worker {
                a_worker_is_given_the_job_as_it_was_put_in;
                a_worker_is_given_the_payload_byte_for_byte;
                a_job_that_was_put_in_twice_runs_once;
                a_unique_key_keeps_a_second_job_out_while_its_job_waits_or_runs;
                a_unique_key_lets_the_next_job_in_once_its_job_has_ended;
                jobs_of_two_scopes_with_one_unique_key_all_run;
                one_of_ten_that_race_for_a_unique_key_runs;
                workers_begin_a_tenants_jobs_by_their_priority;
                workers_begin_the_job_first_that_is_due_the_longest;
                no_worker_begins_a_job_before_its_time;
                a_job_that_no_handler_is_here_for_waits_unburned;
                a_job_that_is_tried_again_runs_inside_the_same_tenant;
                what_a_handler_gave_is_kept_with_its_job;
                a_dead_letter_that_is_put_back_is_run_with_all_its_attempts;
                a_job_that_is_made_due_is_run_at_once_with_its_attempts_counted;
                a_cancelled_job_is_run_by_no_worker;
                the_listing_and_the_stats_show_what_workers_made_of_jobs;
                pruning_forgets_what_workers_ended_in_the_wanted_scope;
            }
            workers {
                a_job_runs_inside_its_tenant_with_who_asked;
                a_shared_job_runs_in_the_shared_scope_alone;
                jobs_of_a_suspended_tenant_wait_and_run_when_it_is_active_again;
                a_job_of_a_deleted_tenant_becomes_a_dead_letter_with_the_reason;
                a_job_of_a_missing_tenant_becomes_a_dead_letter_with_the_reason;
                a_job_that_always_fails_is_tried_as_often_as_it_may_and_buried;
                a_payload_that_cannot_be_read_is_buried_at_once;
                a_result_that_comes_too_late_is_refused_and_the_other_counts
                    needs HandingOut;
                every_job_runs_at_least_once_though_workers_vanish_at_random
                    needs HandingOut;
            }
        }
    };
}

macro_rules! registry {
    (() $($module:ident { $($name:ident $(needs $needs:expr)?;)* })*) => {
        /// The name of every behaviour, without running any.
        pub fn catalogue() -> Vec<&'static str> {
            vec![$($(stringify!($name),)*)*]
        }

        /// Every behaviour, in the order of the book, without running any.
        pub fn described() -> Vec<DescribedJob> {
            vec![$($(
                DescribedJob {
                    name: stringify!($name),
                    group: stringify!($module),
                    needs: registry!(@needs $($needs)?),
                },
            )*)*]
        }

        /// Every behaviour, for one adapter.
        pub fn job_behaviours<H: JobHarness>() -> Vec<JobBehaviour> {
            vec![$($(
                JobBehaviour::of::<H>(
                    stringify!($name),
                    registry!(@needs $($needs)?),
                    $module::$name::<H>,
                ),
            )*)*]
        }
    };
    (@needs) => { None };
    (@needs $needs:expr) => { Some($needs) };
}

for_each_job_behaviour!([registry]());

/// Runs the behaviour called `name` on one adapter: what each test of [`job_suite!`](crate::job_suite) does.
///
/// # Errors
/// What the behaviour saw that it shouldn't have, or that there is none of that name.
pub fn check<H: JobHarness>(name: &str) -> Verdict {
    job_behaviours::<H>()
        .into_iter()
        .find(|behaviour| behaviour.name == name)
        .map_or_else(
            || Err(Violation::new(format!("there is no behaviour {name}"))),
            |behaviour| behaviour.check(),
        )
}

/// Makes one `#[test]` for each behaviour of job queues, run on a [`JobHarness`].
///
/// ```ignore
/// struct MyQueue { /* … */ }
/// impl tenantry_conformance::jobs::JobHarness for MyQueue { /* … */ }
///
/// tenantry_conformance::job_suite!(MyQueue);
/// ```
#[macro_export]
macro_rules! job_suite {
    ($harness:ty) => {
        $crate::for_each_job_behaviour!([$crate::__job_tests]($harness));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __job_tests {
    (($harness:ty) $($module:ident { $($name:ident $(needs $needs:expr)?;)* })*) => {
        $($(
            #[test]
            fn $name() {
                if let Err(violation) = $crate::jobs::check::<$harness>(stringify!($name)) {
                    panic!("{}: {violation}", <$harness as $crate::jobs::JobHarness>::ADAPTER);
                }
            }
        )*)*
    };
}
