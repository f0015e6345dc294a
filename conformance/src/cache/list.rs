//! The one list of behaviours. The registry and the tests of every adapter are made of it.

use super::behaviours::{
    budgets, conditions, expiry, flushes, many, model, numbers, operators, patterns, tenants,
    trouble, values,
};
use super::{CacheHarness, Disturbance};
use crate::behaviour::within_patience;
use crate::{Verdict, Violation};

/// One thing that every cache must do, as a function.
pub struct CacheBehaviour {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    claimed: bool,
    run: fn() -> Verdict,
}

impl CacheBehaviour {
    fn of<H: CacheHarness>(
        name: &'static str,
        needs: Option<Disturbance>,
        run: fn() -> Verdict,
    ) -> Self {
        Self {
            name,
            claimed: needs.is_none_or(|needed| H::CLAIMS.contains(&needed)),
            run,
        }
    }

    /// Runs it in a world of its own. Without the claim, it has to end in [`unsupported`](crate::unsupported).
    ///
    /// # Errors
    /// What was seen that shouldn't have been; a panic and a behaviour that doesn't end are that, too.
    pub fn check(&self) -> Verdict {
        match (self.claimed, within_patience(self.run)) {
            (true, verdict) => verdict,
            (false, Err(violation)) if violation.is_unsupported() => Ok(()),
            (false, Err(violation)) => Err(violation),
            (false, Ok(())) => Err(Violation::new("it holds without the claim: claim it")),
        }
    }
}

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour of caches.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_cache_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            values {
                an_absent_entry_is_none_and_no_error;
                a_value_comes_back_byte_for_byte;
                setting_again_replaces_the_value;
                deleting_says_whether_there_was_an_entry;
                another_process_sees_what_was_written;
                keys_of_any_characters_are_entries_of_their_own;
                reads_are_counted_as_hits_and_misses_of_their_tenant;
            }
            expiry {
                an_entry_without_expiry_lives_on;
                the_remaining_time_is_what_was_set_and_passes;
                an_expired_entry_is_absent_for_every_method;
                an_expired_entry_is_never_revived;
                setting_without_expiry_takes_the_expiry_away;
                an_expiry_can_be_set_later;
                an_expiry_can_be_removed;
            }
            numbers {
                a_counter_begins_at_nothing_and_counts_both_ways;
                a_counter_holds_64_bits_and_never_wraps;
                what_is_no_number_cannot_be_counted;
                counters_are_exact_under_eight_threads;
                counting_keeps_the_expiry_and_a_new_counter_takes_one;
            }
            conditions {
                only_an_absent_entry_is_set_if_absent;
                of_eight_that_set_if_absent_at_once_one_does;
                compare_and_swap_replaces_the_expected_value_only;
                compare_and_swap_keeps_the_remaining_time;
                nothing_is_lost_when_eight_swap_at_once;
            }
            many {
                many_values_come_back_in_the_order_of_their_keys;
                many_entries_are_set_with_their_expiry;
                of_several_values_for_a_key_the_last_counts;
                many_entries_are_deleted_and_counted;
                a_reader_of_many_never_sees_half_of_a_write;
            }
            patterns {
                a_pattern_finds_its_keys_and_no_others;
                keys_that_look_like_patterns_are_found_as_they_are;
                every_key_is_found_in_steps;
                counting_and_deleting_reach_the_keys_that_the_pattern_means;
                keys_that_stay_are_found_while_others_come_and_go;
            }
            tenants {
                the_same_key_in_two_tenants_is_two_entries;
                a_tenants_key_and_a_shared_one_are_two_entries;
                namespaces_nest_and_have_keys_of_their_own;
                no_pattern_reaches_another_tenant_or_namespace;
                deleting_by_pattern_leaves_nested_namespaces;
                usage_is_of_one_tenant_and_what_is_nested_in_it;
            }
            flushes {
                a_flush_empties_one_tenant_only;
                a_flush_of_a_namespace_leaves_the_rest;
                a_flush_reaches_every_old_entry_while_others_write;
                what_was_computed_before_a_flush_is_not_kept;
                a_flush_of_a_namespace_begins_a_generation_too;
                what_was_computed_before_a_change_is_not_kept;
                a_generation_lasts_while_its_owner_is_not_flushed;
                a_value_is_computed_once_and_then_found;
                eight_that_ask_for_a_key_at_once_get_one_computation;
            }
            operators {
                an_operator_flushes_one_tenant_by_its_id;
                what_was_computed_before_an_operators_flush_is_not_kept;
                an_operator_counts_and_lists_one_tenants_entries_by_its_id;
                an_operator_deletes_what_a_pattern_means_of_one_tenant;
            }
            budgets {
                a_budget_of_keys_refuses_one_more_until_one_is_deleted;
                a_budget_of_bytes_counts_keys_and_values;
                what_makes_nothing_more_is_never_refused;
                what_expired_no_longer_counts;
                a_budget_holds_for_every_way_of_writing;
                many_entries_beyond_a_budget_are_refused_as_a_whole;
                one_tenants_budget_leaves_the_others;
                a_flush_frees_the_budget;
                a_budget_is_exact_under_eight_threads;
            }
            model {
                random_work_ends_as_in_a_plain_map;
            }
            trouble {
                while_the_store_is_away_calls_fail_and_then_go_on needs Away;
                while_the_store_is_silent_calls_end_in_time_and_then_go_on needs Silent;
                while_the_store_is_away_values_are_computed needs Away;
                a_full_store_refuses_to_write_and_still_reads_and_deletes needs Full;
            }
        }
    };
}

macro_rules! registry {
    (() $($module:ident { $($name:ident $(needs $needs:ident)?;)* })*) => {
        /// The name of every behaviour, without running any.
        pub fn catalogue() -> Vec<&'static str> {
            vec![$($(stringify!($name),)*)*]
        }

        /// Every behaviour, for one adapter.
        pub fn cache_behaviours<H: CacheHarness>() -> Vec<CacheBehaviour> {
            vec![$($(
                CacheBehaviour::of::<H>(
                    stringify!($name),
                    registry!(@needs $($needs)?),
                    $module::$name::<H>,
                ),
            )*)*]
        }
    };
    (@needs) => { None };
    (@needs $needs:ident) => { Some(Disturbance::$needs) };
}

for_each_cache_behaviour!([registry]());

/// Runs the behaviour called `name` on one adapter: what each test of [`cache_suite!`](crate::cache_suite) does.
///
/// # Errors
/// What the behaviour saw that it shouldn't have, or that there is none of that name.
pub fn check<H: CacheHarness>(name: &str) -> Verdict {
    cache_behaviours::<H>()
        .into_iter()
        .find(|behaviour| behaviour.name == name)
        .map_or_else(
            || Err(Violation::new(format!("there is no behaviour {name}"))),
            |behaviour| behaviour.check(),
        )
}

/// Makes one `#[test]` for each behaviour of caches, run on a [`CacheHarness`].
///
/// ```ignore
/// struct MyCache { /* … */ }
/// impl tenantry_conformance::cache::CacheHarness for MyCache { /* … */ }
///
/// tenantry_conformance::cache_suite!(MyCache);
/// ```
#[macro_export]
macro_rules! cache_suite {
    ($harness:ty) => {
        $crate::for_each_cache_behaviour!([$crate::__cache_tests]($harness));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __cache_tests {
    (($harness:ty) $($module:ident { $($name:ident $(needs $needs:ident)?;)* })*) => {
        $($(
            #[test]
            fn $name() {
                if let Err(violation) = $crate::cache::check::<$harness>(stringify!($name)) {
                    panic!("{}: {violation}", <$harness as $crate::cache::CacheHarness>::ADAPTER);
                }
            }
        )*)*
    };
}
