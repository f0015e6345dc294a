//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::ScheduleHarness;
use super::behaviours::{records, runs, steps, tenants};
use crate::behaviour::within_patience;
use crate::{Verdict, Violation};

/// What a [`ScheduleBehaviour`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribedSchedule {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    /// What it is about.
    pub group: &'static str,
}

/// One thing that every store of schedules must do, as a function.
pub struct ScheduleBehaviour {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    run: fn() -> Verdict,
}

impl ScheduleBehaviour {
    /// Runs it in a world of its own.
    ///
    /// # Errors
    /// What was seen that shouldn't have been; a panic and a behaviour that doesn't end are that, too.
    pub fn check(&self) -> Verdict {
        within_patience(self.run)
    }
}

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of schedules.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_schedule_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            records {
                a_schedule_comes_back_as_it_was_put;
                an_unknown_schedule_is_not_found;
                putting_the_same_schedule_again_changes_nothing;
                a_changed_schedule_keeps_its_next_due_time;
                a_changed_expression_is_due_after_the_change;
                schedules_of_two_targets_never_meet;
                the_listing_shows_every_schedule_once_by_key;
                the_listing_shows_the_wanted_target_only;
                a_removed_schedule_puts_nothing_in_and_is_forgotten;
                of_eight_that_put_a_schedule_at_once_one_is_new;
            }
            runs {
                a_schedule_is_due_at_its_time_and_not_before;
                a_run_is_put_in_with_all_that_its_schedule_says;
                each_due_time_is_put_in_once;
                of_many_missed_runs_the_latest_is_made_up_for;
                missed_runs_are_left_out_if_the_schedule_says_so;
                a_paused_schedule_puts_nothing_in_and_makes_nothing_up;
                a_run_is_left_out_while_the_one_before_waits_or_runs;
                runs_overlap_if_the_schedule_says_so;
                every_schedule_that_is_due_is_found_page_by_page;
            }
            tenants {
                a_run_for_every_tenant_is_one_job_in_each_that_is_active;
                a_run_for_every_tenant_goes_on_where_it_was_left;
                a_run_under_way_goes_on_with_its_own_due_time;
                a_suspended_tenant_is_given_no_run_and_one_after_its_activation;
                a_deleted_or_missing_tenant_is_given_no_run;
                a_tenant_is_given_no_run_of_a_time_before_it_was_provisioned;
                a_tenants_schedule_puts_in_jobs_of_that_tenant_alone;
                a_shared_schedule_puts_in_shared_jobs_alone;
            }
            steps {
                a_step_decided_on_an_older_record_puts_nothing_in;
                a_step_that_is_taken_again_puts_nothing_in;
                a_step_decided_before_a_pause_or_a_change_puts_nothing_in;
                a_step_for_a_removed_schedule_is_not_taken_for_its_successor;
                a_run_whose_job_is_there_already_is_not_put_in_twice;
                of_eight_schedulers_at_once_one_puts_each_run_in;
            }
        }
    };
}

macro_rules! registry {
    (() $($module:ident { $($name:ident;)* })*) => {
        /// Every behaviour, without running any.
        pub fn described() -> Vec<DescribedSchedule> {
            vec![$($(
                DescribedSchedule { name: stringify!($name), group: stringify!($module) },
            )*)*]
        }

        /// The name of every behaviour, without running any.
        pub fn catalogue() -> Vec<&'static str> {
            vec![$($(stringify!($name),)*)*]
        }

        /// Every behaviour, for one adapter.
        pub fn schedule_behaviours<H: ScheduleHarness>() -> Vec<ScheduleBehaviour> {
            vec![$($(ScheduleBehaviour { name: stringify!($name), run: $module::$name::<H> },)*)*]
        }
    };
}

for_each_schedule_behaviour!([registry]());

/// Runs the behaviour called `name` on one adapter: what each test of [`schedule_suite!`](crate::schedule_suite) does.
///
/// # Errors
/// What the behaviour saw that it shouldn't have, or that there is none of that name.
pub fn check<H: ScheduleHarness>(name: &str) -> Verdict {
    schedule_behaviours::<H>()
        .into_iter()
        .find(|behaviour| behaviour.name == name)
        .map_or_else(
            || Err(Violation::new(format!("there is no behaviour {name}"))),
            |behaviour| behaviour.check(),
        )
}

/// Makes one `#[test]` for each behaviour of schedules, run on a
/// [`ScheduleHarness`](crate::jobs::schedules::ScheduleHarness).
///
/// ```ignore
/// impl tenantry_conformance::jobs::schedules::ScheduleHarness for MyQueue { /* … */ }
///
/// tenantry_conformance::schedule_suite!(MyQueue);
/// ```
#[macro_export]
macro_rules! schedule_suite {
    ($harness:ty) => {
        $crate::for_each_schedule_behaviour!([$crate::__schedule_tests]($harness));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __schedule_tests {
    (($harness:ty) $($module:ident { $($name:ident;)* })*) => {
        $($(
            #[test]
            fn $name() {
                if let Err(violation) = $crate::jobs::schedules::check::<$harness>(stringify!($name)) {
                    panic!("{}: {violation}", <$harness as $crate::jobs::JobHarness>::ADAPTER);
                }
            }
        )*)*
    };
}
