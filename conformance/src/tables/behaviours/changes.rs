//! Changes: as asked, of what was read, and recorded.

use std::thread;

use tenantry::ports::TablesError;
use tenantry::tables::{BrowseError, Cell, ColumnKind, TableQuery, Value};
use tenantry::{ContextRefused, TenantStatus};

use super::super::TableHarness;
use super::super::world::{World, decimal, store_error, text, with_status};
use super::values::everything;
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

fn three<H: TableHarness>() -> Result<World<H>, Violation> {
    let world = World::<H>::start()?;
    for (id, name) in [(1, "anvil"), (2, "bolt"), (3, "chain")] {
        world.item(&world.acme, id, name);
    }
    Ok(world)
}

pub(in crate::tables) fn a_change_is_what_was_asked_and_the_rest_stays<H: TableHarness>() -> Verdict
{
    let world = three::<H>()?;
    world.item(&world.umbrella, 2, "bolt");
    let read = world.found(&world.acme, "bolt")?;
    let changed = world.rename(&world.acme, &read, "bolt'; --")?;
    ensure_eq!(world.shown(&changed.row, "name")?, "bolt'; --", "told");
    ensure_eq!(changed.row.key, read.row.key, "the key");
    ensure!(changed.version != read.version, "the version stays");
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "bolt'; --", "chain"], "what is stored");
    ensure_eq!(world.stored(&world.umbrella), ["bolt"], "another tenant's");
    let again = world.read(&world.acme, &read.row.key)?;
    ensure_eq!(again, Some(changed), "what is read then");
    Ok(())
}

pub(in crate::tables) fn every_kind_is_written_as_it_was_given<H: TableHarness>() -> Verdict {
    let world = three::<H>()?;
    let mut read = world.found(&world.acme, "bolt")?;
    let given = |(column, value): (&str, Value)| (column.to_owned(), value);
    let values: Vec<_> = everything()?.into_iter().map(given).collect();
    let new = world.insert(&world.acme, &values)?;
    world.delete(&world.acme, &new)?;
    let changed = world.update(&world.acme, &read, &values)?;
    for (column, value) in &values {
        let whole = Cell::Value(value.clone());
        ensure_eq!(*world.cell(&new.row, column)?, whole, "{column}, new");
        ensure_eq!(*world.cell(&changed.row, column)?, whole, "{column}");
    }
    read = changed;
    let nothing: Vec<_> = values
        .iter()
        .map(|(column, _)| (column.clone(), Value::Null))
        .collect();
    let emptied = world.update(&world.acme, &read, &nothing)?;
    for (column, _) in &values {
        let cell = world.cell(&emptied.row, column)?;
        ensure_eq!(*cell, Cell::Value(Value::Null), "{column}, emptied");
    }
    Ok(())
}

pub(in crate::tables) fn a_stale_change_is_refused_and_changes_nothing<H: TableHarness>() -> Verdict
{
    let world = three::<H>()?;
    let read = world.found(&world.acme, "bolt")?;
    // Another column than the one that the second changes.
    let values = [("active".into(), Value::Boolean(true))];
    world.update(&world.acme, &read, &values)?;
    let refused = store_error(world.rename(&world.acme, &read, "late"))?;
    ensure_matches!(refused, TablesError::Stale { .. }, "the second change");
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "bolt", "chain"], "what is stored");
    ensure_eq!(world.log(&world.acme)?.len(), 1, "what is recorded");
    let read = world.found(&world.acme, "bolt")?;
    world.rename(&world.acme, &read, "in time")?;
    Ok(())
}

pub(in crate::tables) fn a_stale_delete_is_refused_and_deletes_nothing<H: TableHarness>() -> Verdict
{
    let world = three::<H>()?;
    let read = world.found(&world.acme, "bolt")?;
    world.rename(&world.acme, &read, "nut")?;
    let refused = store_error(world.delete(&world.acme, &read))?;
    ensure_matches!(refused, TablesError::Stale { .. }, "a stale delete");
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "nut", "chain"], "what is stored");
    Ok(())
}

pub(in crate::tables) fn of_ten_changes_of_one_version_one_is_made<H: TableHarness>() -> Verdict {
    let world = three::<H>()?;
    let read = world.found(&world.acme, "bolt")?;
    let outcomes = thread::scope(|scope| {
        let change = |number: u32| {
            let (world, read) = (&world, &read);
            move || world.rename(&world.acme, read, &format!("number {number}"))
        };
        let running: Vec<_> = (0..10).map(|number| scope.spawn(change(number))).collect();
        let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
        ended.collect::<Vec<_>>()
    });
    let mut made = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(Ok(changed)) => made.push(world.shown(&changed.row, "name")?),
            Ok(Err(BrowseError::Store(TablesError::Stale { .. }))) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(Violation::new("a change panicked")),
        }
    }
    ensure_eq!(made.len(), 1, "changes that were made");
    ensure_eq!(world.stored(&world.acme)[1], made[0], "what is stored");
    ensure_eq!(world.log(&world.acme)?.len(), 1, "what is recorded");
    Ok(())
}

pub(in crate::tables) fn a_new_row_is_there_with_what_the_store_gave_it<H: TableHarness>() -> Verdict
{
    let world = World::<H>::start()?;
    let one = world.insert(&world.acme, &[("name".into(), text("one"))])?;
    let two = world.insert(&world.acme, &[("name".into(), text("two"))])?;
    ensure!(one.row.key != two.row.key, "two rows of one key");
    ensure_eq!(world.stored(&world.acme), ["one", "two"], "what is stored");
    let read = world.read(&world.acme, &two.row.key)?;
    ensure_eq!(read, Some(two), "what is read then");
    let none: [&str; 0] = [];
    ensure_eq!(world.stored(&world.umbrella), none, "another tenant's");
    let given = [
        ("id".into(), Value::Integer(77)),
        ("name".into(), text("named")),
    ];
    let row = world.insert(&world.acme, &given)?.row;
    ensure_eq!(world.shown(&row, "id")?, "77", "a key that is given");
    Ok(())
}

pub(in crate::tables) fn a_deleted_row_is_gone_and_the_others_stay<H: TableHarness>() -> Verdict {
    let world = three::<H>()?;
    world.item(&world.umbrella, 2, "bolt");
    let read = world.found(&world.acme, "bolt")?;
    let deleted = world.delete(&world.acme, &read)?;
    ensure_eq!(deleted, read, "the row as it was");
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "chain"], "what is stored");
    ensure_eq!(world.stored(&world.umbrella), ["bolt"], "another tenant's");
    let again = store_error(world.delete(&world.acme, &read))?;
    ensure_matches!(again, TablesError::NotFound { .. }, "deleted twice");
    ensure_eq!(world.read(&world.acme, &read.row.key)?, None, "read then");
    Ok(())
}

pub(in crate::tables) fn every_change_is_in_the_audit_log<H: TableHarness>() -> Verdict {
    let world = three::<H>()?;
    let new = world.insert(&world.acme, &[("name".into(), text("private"))])?;
    let changed = world.rename(&world.acme, &new, "renamed")?;
    world.delete(&world.acme, &changed)?;
    world.page(&world.acme, &TableQuery::of("items"))?;
    let log = world.log(&world.acme)?;
    let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    let expected = ["row.inserted", "row.updated", "row.deleted"];
    ensure_eq!(actions, expected, "what is recorded");
    let id = world.shown(&new.row, "id")?;
    for entry in &log {
        ensure_eq!(entry.actor, world.actor, "who is recorded");
        ensure_eq!(entry.target.as_str(), format!("items {id}"), "of which row");
        let detail = entry.detail.as_str();
        ensure!(!detail.contains("private"), "a value is recorded: {detail}");
    }
    let detail = log[1].detail.as_str();
    for part in [new.version.to_string(), changed.version.to_string()] {
        ensure!(detail.contains(&part), "no version {part} in {detail}");
    }
    ensure!(detail.contains(r#""columns":["name"]"#), "{detail}");
    ensure_eq!(world.log(&world.umbrella)?.len(), 0, "of another tenant");
    Ok(())
}

pub(in crate::tables) fn a_change_that_cannot_be_recorded_is_not_made<H: TableHarness>() -> Verdict
{
    let world = three::<H>()?;
    let read = world.found(&world.acme, "bolt")?;
    world.harness.close_audit();
    let renamed = store_error(world.rename(&world.acme, &read, "unrecorded"))?;
    ensure_matches!(renamed, TablesError::Unrecorded { .. }, "a change");
    let values = [("name".into(), text("unrecorded"))];
    let inserted = store_error(world.insert(&world.acme, &values))?;
    ensure_matches!(inserted, TablesError::Unrecorded { .. }, "a new row");
    let deleted = store_error(world.delete(&world.acme, &read))?;
    ensure_matches!(deleted, TablesError::Unrecorded { .. }, "a delete");
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "bolt", "chain"], "what is stored");
    Ok(())
}

pub(in crate::tables) fn what_the_store_refuses_changes_nothing_and_is_not_recorded<
    H: TableHarness,
>() -> Verdict {
    let world = three::<H>()?;
    let taken = [("id".into(), Value::Integer(1)), ("name".into(), text("x"))];
    let refused = store_error(world.insert(&world.acme, &taken))?;
    ensure_matches!(refused, TablesError::Refused { .. }, "a key that is taken");
    if H::HAS_CHECKS {
        let read = world.found(&world.acme, "bolt")?;
        let below = [
            ("name".into(), text("cheap")),
            ("price".into(), decimal("-1")?),
        ];
        let refused = store_error(world.update(&world.acme, &read, &below))?;
        ensure_matches!(refused, TablesError::Refused { .. }, "a check");
        let code = ColumnKind::Uuid.parse("0190c7a4-0000-7000-8000-000000000001")?;
        let code = [("code".into(), code)];
        world.update(&world.acme, &read, &code)?;
        let other = world.found(&world.acme, "chain")?;
        let refused = store_error(world.update(&world.acme, &other, &code))?;
        ensure_matches!(refused, TablesError::Refused { .. }, "a code that is taken");
    }
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "bolt", "chain"], "what is stored");
    let recorded = world.log(&world.acme)?.len();
    ensure_eq!(recorded, usize::from(H::HAS_CHECKS), "what is recorded");
    Ok(())
}

pub(in crate::tables) fn a_suspended_tenants_rows_are_shown_and_stay_as_they_are<
    H: TableHarness,
>() -> Verdict {
    let world = three::<H>()?;
    let read = world.found(&world.acme, "bolt")?;
    let suspended = with_status(1, "acme", TenantStatus::Suspended)?;
    let shown = world.names(&suspended, &TableQuery::of("items"))?;
    ensure_eq!(shown, ["anvil", "bolt", "chain"], "of a suspended tenant");
    for outcome in [
        world.rename(&suspended, &read, "changed"),
        world.insert(&suspended, &[]),
        world.delete(&suspended, &read),
    ] {
        ensure_matches!(
            outcome,
            Err(BrowseError::Tenant(ContextRefused::Suspended { .. })),
            "a change of a suspended tenant's row"
        );
    }
    let deleted = with_status(1, "acme", TenantStatus::Deleted)?;
    ensure_matches!(
        world.page(&deleted, &TableQuery::of("items")),
        Err(BrowseError::Tenant(ContextRefused::Deleted { .. })),
        "of a deleted tenant"
    );
    let stored = world.stored(&world.acme);
    ensure_eq!(stored, ["anvil", "bolt", "chain"], "what is stored");
    Ok(())
}
