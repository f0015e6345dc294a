//! The one list of behaviours. The registry, the tests of every adapter and the book's table are all made of it, so
//! that nothing can be in one of them and missing in another.

/// Calls `$callback! { ($($arguments)*) … }` with every behaviour.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_behaviour {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! {
            $arguments
            Names names {
                a_well_formed_slug_is_taken_as_it_is;
                a_slug_with_a_quote_is_refused;
                a_slug_with_a_semicolon_is_refused;
                a_slug_with_a_nul_is_refused;
                a_slug_with_a_newline_is_refused;
                a_slug_with_a_blank_is_refused;
                a_slug_with_an_upper_case_letter_is_refused;
                a_slug_with_an_underscore_is_refused;
                a_slug_with_an_outer_hyphen_is_refused;
                a_slug_with_a_look_alike_letter_is_refused;
                a_slug_that_hides_letters_in_punycode_is_refused;
                a_slug_of_57_characters_is_refused_and_not_cut;
                a_slug_of_one_character_is_refused;
                a_slug_like_a_system_schema_is_refused;
                a_reserved_slug_is_refused;
                the_longest_schema_name_is_stored_unchanged;
                slugs_that_differ_in_the_last_character_have_rows_of_their_own;
                slugs_that_differ_in_a_hyphen_have_rows_of_their_own;
            }
            Repository records {
                a_tenant_is_found_by_its_id_as_it_was_written;
                a_tenant_is_found_by_its_slug_as_it_was_written;
                an_unknown_id_is_not_found;
                an_unknown_slug_is_not_found;
                names_of_every_script_come_back_as_they_were;
                settings_come_back_to_the_json_value;
                times_come_back_to_the_microsecond;
                a_taken_id_is_refused;
                a_taken_slug_is_refused;
                a_refused_insert_changes_nothing;
                of_ten_that_race_for_a_slug_one_wins;
                an_update_replaces_the_record;
                a_stale_update_is_refused;
                a_stale_update_changes_nothing;
                of_ten_that_race_to_update_one_wins;
                an_update_of_an_unknown_tenant_is_not_found;
                an_update_never_changes_the_slug;
                an_update_never_changes_the_creation_time;
                a_removed_tenant_is_not_found;
                removing_a_tenant_frees_its_slug;
                a_stale_removal_is_refused_and_changes_nothing;
                removing_an_unknown_tenant_is_not_found;
            }
            Repository listing {
                no_tenants_make_one_empty_page;
                tenants_are_listed_in_the_order_of_their_creation;
                pages_show_every_tenant_exactly_once;
                a_page_that_is_just_full_has_no_next_one;
                pages_stay_whole_while_others_come_and_go;
                a_listing_shows_only_the_wanted_status;
                a_listing_shows_several_wanted_statuses;
                a_search_finds_a_part_of_the_slug;
                a_search_finds_a_part_of_the_name;
                a_search_finds_ascii_letters_in_either_case;
                a_search_takes_a_per_cent_sign_literally;
                a_search_takes_an_underscore_literally;
                a_search_takes_a_backslash_literally;
                a_search_takes_an_asterisk_literally;
                a_search_tells_the_cases_of_other_letters_apart;
                a_search_and_a_status_narrow_together;
                pages_of_a_search_show_every_match_exactly_once;
            }
            Repository lifecycle {
                a_new_tenant_is_pending_at_version_1;
                a_slug_that_the_host_reserves_is_refused_and_nothing_is_stored;
                every_allowed_change_of_status_is_stored;
                every_other_change_of_status_is_refused_and_changes_nothing;
                an_active_tenant_cannot_be_deleted;
                a_command_on_a_stale_version_is_refused;
                a_renamed_tenant_keeps_its_slug_and_its_rows;
                changed_settings_are_stored;
                each_change_is_published_once_with_who_asked;
                a_tenant_that_is_not_active_gives_no_context;
                a_suspended_tenant_keeps_its_rows;
                a_deleted_tenant_keeps_its_slug_until_it_is_purged;
                a_deleted_tenant_keeps_its_schema_until_it_is_purged;
                whoever_takes_a_slug_again_inherits_no_rows;
                a_purged_tenant_is_not_found;
                only_a_deleted_tenant_is_purged;
                a_purge_that_died_after_the_schema_is_finished_by_the_next;
            }
            Provisioning provisioning {
                provisioning_makes_the_schema_and_the_tenant_active;
                provisioning_runs_every_migration_and_names_them;
                a_second_provisioning_does_nothing_and_says_so;
                a_failed_migration_is_named_by_the_error;
                a_failed_migration_leaves_no_schema;
                a_failed_migration_leaves_the_tenant_pending;
                a_failed_migration_leaves_the_shared_schema_alone;
                provisioning_works_after_the_migration_is_mended;
                a_deleted_tenant_is_not_provisioned;
                a_schema_that_vanished_is_reported_and_not_made_anew;
                a_tenant_has_exactly_the_tenant_tables;
                provisioning_adds_no_table_to_the_shared_schema;
                each_schema_has_a_ledger_of_its_own;
                anothers_schema_is_never_provisioned;
                anothers_schema_is_never_purged;
            }
            Provisioning schemas {
                looking_at_a_schema_makes_none;
                a_schema_that_is_there_is_not_made_again;
                a_schema_that_is_behind_names_what_it_lacks;
                migrating_runs_only_what_is_lacking;
                migrating_twice_does_nothing_the_second_time;
                migrating_keeps_the_rows;
                a_failed_migration_leaves_the_schema_as_it_was;
                a_missing_schema_is_not_migrated_anywhere;
                removing_drops_the_schema_and_its_rows;
                removing_what_is_not_there_says_so;
                removing_one_schema_leaves_the_others;
                removing_while_somebody_reads_is_busy_and_drops_nothing;
                the_listing_shows_every_schema_with_its_mark_by_name;
                anothers_schema_is_seen_as_foreign;
                anothers_schema_is_never_adopted_migrated_or_removed;
                a_schema_that_nobody_marked_is_never_touched
                    needs UnmarkedSchemas;
                a_schema_whose_mark_was_changed_is_never_touched
                    needs ForgedMarks;
                a_schema_that_was_renamed_is_never_taken_for_anothers
                    needs RenamedSchemas;
            }
            Provisioning interrupted {
                provisioning_dropped_between_any_two_steps_is_finished_by_the_next;
                a_creation_whose_future_is_dropped_is_done_or_not_done;
                a_provisioning_that_died_after_the_schema_is_finished_by_the_next;
                a_creation_by_an_older_release_is_finished_by_provisioning;
                of_four_creations_at_once_one_makes_the_schema;
                of_four_provisionings_at_once_one_does_the_work;
            }
            Fleet fleet {
                a_fleet_migration_brings_every_tenant_up_to_date_once;
                a_fleet_migration_reaches_suspended_tenants_and_no_deleted_one;
                a_second_fleet_migration_asks_once_and_touches_nobody;
                the_third_of_ten_fails_and_a_second_run_touches_only_that_one;
                a_fleet_migration_that_was_stopped_half_way_is_resumed;
                two_fleet_migrations_at_once_never_migrate_a_tenant_twice;
                what_is_behind_missing_or_anothers_is_told_in_one_call;
                a_fleet_migration_reports_a_missing_schema_and_makes_none;
                a_tenant_that_is_in_use_too_long_is_reported_and_the_others_are_migrated;
                a_migration_that_gave_up_waiting_keeps_no_later_reader_waiting
                    needs OutsideLocks;
            }
            Scope isolation {
                rows_written_in_one_tenant_are_unseen_in_another;
                an_update_in_one_tenant_changes_no_row_of_another;
                a_deletion_in_one_tenant_deletes_no_row_of_another;
                a_tenant_changes_nothing_in_the_shared_schema;
                shared_work_changes_nothing_in_a_tenant;
                a_tables_name_never_resolves_to_a_shared_table;
                a_write_never_resolves_to_a_shared_table;
                a_tables_name_never_resolves_to_a_tenants_in_the_shared_scope;
                each_tenant_has_a_sequence_of_its_own
                    needs Sequences;
                a_view_shows_the_rows_of_its_tenant
                    needs Views;
                a_function_reads_the_rows_of_its_tenant
                    needs Functions;
                a_tenants_own_type_works_on_a_connection_that_served_another
                    needs CustomTypes;
                a_savepoint_rolled_back_changes_nothing_about_whose_rows_are_read
                    needs Savepoints;
                a_session_scope_reads_and_writes_only_its_tenant
                    needs SessionScopes;
                a_session_scope_is_followed_by_any_other_scope
                    needs SessionScopes;
                tenants_at_different_migrations_share_a_connection;
                random_work_on_many_threads_leaves_every_tenants_sum_its_own;
            }
            Scope endings {
                work_that_ends_well_is_kept;
                work_that_fails_changes_nothing;
                the_works_own_error_comes_back_as_it_was;
                shared_work_that_fails_changes_nothing;
                work_that_panics_changes_nothing;
                a_panic_inside_a_scope_comes_out_of_it;
                after_a_failure_the_next_borrower_writes_into_its_own_tenant;
                after_a_panic_the_next_borrower_writes_into_its_own_tenant;
                a_statement_that_fails_leaves_the_next_borrower_unharmed;
                an_error_that_the_work_swallows_never_commits_half_of_it;
                work_that_has_not_ended_is_unseen_by_others;
                each_statement_of_a_session_scope_is_kept_at_once
                    needs SessionScopes;
                scopes_that_end_badly_leave_no_connection_taken;
                an_asynchronous_scope_keeps_what_ended_well
                    needs AsyncScopes;
                an_asynchronous_scope_dropped_before_it_began_does_nothing
                    needs AsyncScopes;
                an_asynchronous_scope_dropped_in_the_middle_changes_nothing
                    needs AsyncScopes;
            }
            Scope nesting {
                another_tenants_scope_is_refused_inside_a_tenants;
                the_shared_scope_is_refused_inside_a_tenants;
                a_tenants_scope_is_refused_inside_the_shared_one;
                a_refused_switch_leaves_the_outer_scope_in_its_tenant;
                a_scope_nests_in_another_of_the_same_tenant;
                after_nested_scopes_any_tenant_can_be_entered;
                threads_are_in_different_tenants_at_once;
            }
            Scope refusals {
                a_missing_schema_is_a_typed_error;
                in_a_missing_schema_no_work_begins_and_nothing_is_written;
                after_a_missing_schema_the_next_borrower_is_in_its_own_tenant;
                anothers_schema_is_never_entered;
                a_purged_tenants_context_never_enters_the_next_ones_schema;
                a_schema_removed_under_a_warm_connection_is_missing;
                a_schema_removed_and_made_anew_under_an_open_scope_gets_none_of_that_scopes_rows;
                a_schema_removed_and_made_anew_under_an_open_session_gets_none_of_its_rows
                    needs SessionScopes;
                a_schema_dropped_from_outside_is_missing
                    needs DroppedSchemas;
                a_schema_renamed_from_outside_is_missing
                    needs RenamedSchemas;
                a_schema_renamed_to_anothers_name_is_never_entered_as_that
                    needs RenamedSchemas;
                a_schema_whose_mark_was_changed_is_never_entered
                    needs ForgedMarks;
                a_schema_that_nobody_marked_is_never_entered
                    needs UnmarkedSchemas;
                a_schema_that_the_role_may_not_use_is_a_typed_error
                    needs UsageRights;
            }
            Scope residues {
                what_an_open_transaction_wrote_is_never_committed_by_the_next_borrower
                    needs Leaving(Residue::OpenTransaction);
                a_path_left_behind_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::Path);
                a_path_set_inside_a_function_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::PathInsideFunction);
                an_open_transaction_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::OpenTransaction);
                a_temporary_table_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::TemporaryTable);
                a_setting_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::Setting);
                an_advisory_lock_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::AdvisoryLock);
                a_subscription_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::Listen);
                a_cursor_with_hold_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::HoldCursor);
                a_prepared_statement_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::PreparedStatement);
                a_role_is_never_seen_by_the_next_borrower
                    needs Leaving(Residue::Role);
            }
            Scope connections {
                a_connection_that_was_left_clean_is_used_again
                    needs ConnectionIds;
                a_connection_that_served_many_tenants_is_replaced
                    needs Recycling;
                when_every_connection_is_taken_the_caller_is_told_in_time
                    needs BoundedPool;
                one_tenant_cannot_take_every_connection
                    needs TenantLimit;
                a_server_that_comes_back_is_used_again_by_the_same_process
                    needs ServerRestart;
                behind_a_pooler_two_clients_never_see_each_other
                    needs TransactionPooler;
                behind_a_pooler_session_scopes_are_refused
                    needs TransactionPooler;
            }
        }
    };
}

macro_rules! registry {
    (() $($group:ident $module:ident { $($name:ident $(needs $needs:expr)?;)* })*) => {
        /// Every behaviour, in the order of the book, without running any.
        pub fn catalogue() -> Vec<Described> {
            vec![$($(
                Described {
                    name: stringify!($name),
                    group: Group::$group,
                    needs: registry!(@needs $($needs)?),
                },
            )*)*]
        }

        /// Every behaviour, for one adapter.
        pub fn behaviours<H: Harness>() -> Vec<Behaviour> {
            vec![$($(
                Behaviour::of::<H>(
                    Described {
                        name: stringify!($name),
                        group: Group::$group,
                        needs: registry!(@needs $($needs)?),
                    },
                    $module::$name::<H>,
                ),
            )*)*]
        }
    };
    (@needs) => { None };
    (@needs $needs:expr) => { Some($needs) };
}

use crate::Capability::{
    AsyncScopes, BoundedPool, ConnectionIds, CustomTypes, DroppedSchemas, ForgedMarks, Functions,
    Leaving, OutsideLocks, Recycling, RenamedSchemas, Savepoints, Sequences, ServerRestart,
    SessionScopes, TenantLimit, TransactionPooler, UnmarkedSchemas, UsageRights, Views,
};
use crate::Residue;
use crate::behaviour::{Behaviour, Described, Group};
use crate::behaviours::scope::{connections, endings, isolation, nesting, refusals, residues};
use crate::behaviours::{
    fleet, interrupted, lifecycle, listing, names, provisioning, records, schemas,
};
use crate::{Harness, Verdict};

for_each_behaviour!([registry]());

/// Runs the behaviour called `name` on one adapter: what each test of [`suite!`](crate::suite) does.
///
/// # Errors
/// What the behaviour saw that it shouldn't have, or that there is none of that name.
pub fn check<H: Harness>(name: &str) -> Verdict {
    behaviours::<H>()
        .into_iter()
        .find(|behaviour| behaviour.described().name == name)
        .map_or_else(
            || {
                Err(crate::Violation::new(format!(
                    "there is no behaviour {name}"
                )))
            },
            |behaviour| behaviour.check(),
        )
}

/// Makes one `#[test]` for each behaviour, run on a [`Harness`](crate::Harness).
///
/// It stands once in a file of tests, `tests/conformance.rs` say, and its tests have the behaviours' names:
///
/// ```text
/// tenantry_conformance::suite!(MyHarness);
/// ```
#[macro_export]
macro_rules! suite {
    ($harness:ty) => {
        $crate::for_each_behaviour!([$crate::__tests]($harness));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (($harness:ty) $($group:ident $module:ident { $($name:ident $(needs $needs:expr)?;)* })*) => {
        $($(
            #[test]
            fn $name() {
                if let Err(violation) = $crate::check::<$harness>(stringify!($name)) {
                    panic!("{}: {violation}", <$harness as $crate::Harness>::ADAPTER);
                }
            }
        )*)*
    };
}
