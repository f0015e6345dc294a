use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use tenantry::ports::{
    Creation, FoundSchema, Mark, MigrationReport, Removal, SchemaError, SchemaState,
};
use tenantry::{SchemaName, Slug, TenantSchema};

use super::provisioning::usurper;
use crate::world::{NO_ROWS, World};
use crate::{Harness, Migrations, Verdict, Violation, ensure, ensure_eq, ensure_matches};

/// A world, and a schema that isn't there yet.
fn unmade<H: Harness>() -> Result<(World<H>, TenantSchema), Violation> {
    let world = World::<H>::start();
    let schema = world.pending("acme")?.schema();
    Ok((world, schema))
}

pub(crate) fn looking_at_a_schema_makes_none<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    for _ in 0..2 {
        ensure_eq!(
            block_on(world.schemas().inspect(&schema))?,
            SchemaState::Missing,
            "a schema that nobody made"
        );
    }
    ensure_eq!(block_on(world.schemas().list())?, [], "all schemas");
    Ok(())
}

pub(crate) fn a_schema_that_is_there_is_not_made_again<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    ensure_eq!(
        block_on(world.schemas().create(&context.schema()))?,
        Creation::AlreadyThere,
        "the second creation"
    );
    ensure_eq!(world.values(&context)?, [1], "the rows");
    Ok(())
}

pub(crate) fn a_schema_that_is_behind_names_what_it_lacks<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    let older = world.harness.schemas(Migrations::First);
    let Creation::Made(made) = block_on(older.create(&schema))? else {
        return Err(Violation::new("a schema was there already"));
    };
    ensure_eq!(made.applied.len(), 1, "the migrations of the older release");
    let SchemaState::Ours { pending } = block_on(world.schemas().inspect(&schema))? else {
        return Err(Violation::new("the schema isn't ours"));
    };
    ensure_eq!(pending.len(), 1, "what it lacks");
    ensure!(
        pending != made.applied,
        "it lacks {pending:?}, which it was made with"
    );
    Ok(())
}

pub(crate) fn migrating_runs_only_what_is_lacking<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    block_on(world.harness.schemas(Migrations::First).create(&schema))?;
    let SchemaState::Ours { pending } = block_on(world.schemas().inspect(&schema))? else {
        return Err(Violation::new("the schema isn't ours"));
    };
    let report = block_on(world.schemas().migrate(&schema))?;
    ensure_eq!(report.applied, pending, "the migrations that were run");
    ensure_eq!(
        block_on(world.schemas().inspect(&schema))?,
        SchemaState::Ours { pending: vec![] },
        "the schema"
    );
    Ok(())
}

pub(crate) fn migrating_twice_does_nothing_the_second_time<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    block_on(world.harness.schemas(Migrations::First).create(&schema))?;
    block_on(world.schemas().migrate(&schema))?;
    ensure_eq!(
        block_on(world.schemas().migrate(&schema))?,
        MigrationReport::default(),
        "the second run"
    );
    Ok(())
}

pub(crate) fn migrating_keeps_the_rows<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context_behind("acme")?;
    world.insert(&context, &[3, 1, 2])?;
    block_on(world.schemas().migrate(&context.schema()))?;
    ensure_eq!(world.values(&context)?, [1, 2, 3], "the rows");
    Ok(())
}

pub(crate) fn a_failed_migration_leaves_the_schema_as_it_was<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context_behind("acme")?;
    world.insert(&context, &[1])?;
    let looks = || {
        world.within(&context, |probe| {
            Ok((probe.tables()?, probe.ledger()?, probe.values()?))
        })
    };
    let before = looks()?;
    let failing = world.harness.schemas(Migrations::SecondFails);
    ensure_matches!(
        block_on(failing.migrate(&context.schema())),
        Err(SchemaError::MigrationFailed { .. }),
        "the run"
    );
    ensure_eq!(looks()?, before, "the tables, the ledger and the rows");
    let report = block_on(world.schemas().migrate(&context.schema()))?;
    ensure_eq!(report.applied.len(), 1, "the migrations of the next run");
    Ok(())
}

pub(crate) fn a_missing_schema_is_not_migrated_anywhere<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    let before = world.shared(|probe| Ok((probe.tables()?, probe.ledger()?)))?;
    ensure_matches!(
        block_on(world.schemas().migrate(&schema)),
        Err(SchemaError::Missing { schema: named }) if named == schema,
        "the run"
    );
    ensure_eq!(block_on(world.schemas().list())?, [], "all schemas");
    let after = world.shared(|probe| Ok((probe.tables()?, probe.ledger()?)))?;
    ensure_eq!(after, before, "the shared schema");
    Ok(())
}

pub(crate) fn removing_drops_the_schema_and_its_rows<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    ensure_eq!(
        block_on(world.schemas().remove(&context.schema()))?,
        Removal::Dropped,
        "the removal"
    );
    ensure_eq!(
        block_on(world.schemas().inspect(&context.schema()))?,
        SchemaState::Missing,
        "the schema"
    );
    block_on(world.schemas().create(&context.schema()))?;
    ensure_eq!(
        world.values(&context)?,
        NO_ROWS,
        "the rows of one made anew"
    );
    Ok(())
}

pub(crate) fn removing_what_is_not_there_says_so<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    ensure_eq!(
        block_on(world.schemas().remove(&schema))?,
        Removal::NotThere,
        "the removal"
    );
    Ok(())
}

pub(crate) fn removing_one_schema_leaves_the_others<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let [gone, near, far] = world.contexts(["acme", "acme1", "globex"])?;
    world.insert(&near, &[1])?;
    world.insert(&far, &[2])?;
    block_on(world.schemas().remove(&gone.schema()))?;
    ensure_eq!(world.values(&near)?, [1], "the rows of the nearest name");
    ensure_eq!(world.values(&far)?, [2], "the rows of another");
    Ok(())
}

pub(crate) fn removing_while_somebody_reads_is_busy_and_drops_nothing<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    world.insert(&context, &[1])?;
    let (reads, is_reading) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    thread::scope(|scope| -> Verdict {
        let (world, context) = (&world, &context);
        let reader = scope.spawn(move || {
            world.within(context, |probe| {
                let values = probe.values()?;
                let _ = reads.send(());
                let _ = stopped.recv_timeout(Duration::from_secs(30));
                Ok(values)
            })
        });
        let met = is_reading.recv_timeout(Duration::from_secs(30));
        let began = Instant::now();
        let removal = block_on(world.schemas().remove(&context.schema()));
        let waited = began.elapsed();
        drop(stop);
        let read = reader.join().map_err(|_| Violation::new("a panic"))??;
        ensure!(met.is_ok(), "the reader never began");
        ensure_matches!(removal, Err(SchemaError::Busy { .. }), "the removal");
        ensure!(waited < Duration::from_secs(20), "it waited {waited:?}");
        ensure_eq!(read, [1], "what the reader read");
        Ok(())
    })?;
    ensure_eq!(world.values(&context)?, [1], "the rows");
    ensure_eq!(
        block_on(world.schemas().remove(&context.schema()))?,
        Removal::Dropped,
        "the removal once nobody reads"
    );
    Ok(())
}

pub(crate) fn the_listing_shows_every_schema_with_its_mark_by_name<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let contexts = world.contexts(["mid", "zeta", "alpha"])?;
    let mut expected: Vec<_> = contexts
        .iter()
        .map(|context| FoundSchema {
            name: context.schema().name,
            mark: Mark::Tenant(context.id()),
        })
        .collect();
    expected.sort_by_key(|found| found.name);
    ensure_eq!(block_on(world.schemas().list())?, expected, "the listing");
    Ok(())
}

pub(crate) fn anothers_schema_is_seen_as_foreign<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, earlier) = usurper(&world)?;
    ensure_eq!(
        block_on(world.schemas().inspect(&tenant.schema()))?,
        SchemaState::Foreign {
            mark: Mark::Tenant(earlier.id())
        },
        "the schema"
    );
    Ok(())
}

pub(crate) fn anothers_schema_is_never_adopted_migrated_or_removed<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let (tenant, earlier) = usurper(&world)?;
    untouchable(&world, &tenant.schema())?;
    ensure_eq!(world.values(&earlier)?, [42], "the other's rows");
    Ok(())
}

/// Whether every change of this schema is refused as foreign.
fn untouchable<H: Harness>(world: &World<H>, schema: &TenantSchema) -> Verdict {
    let schemas = world.schemas();
    ensure_matches!(
        block_on(schemas.create(schema)),
        Err(SchemaError::Foreign { .. }),
        "creating it"
    );
    ensure_matches!(
        block_on(schemas.migrate(schema)),
        Err(SchemaError::Foreign { .. }),
        "migrating it"
    );
    ensure_matches!(
        block_on(schemas.remove(schema)),
        Err(SchemaError::Foreign { .. }),
        "removing it"
    );
    Ok(())
}

pub(crate) fn a_schema_that_nobody_marked_is_never_touched<H: Harness>() -> Verdict {
    let (world, schema) = unmade::<H>()?;
    world
        .harness
        .outside()
        .create_unmarked_schema(&schema.name)?;
    ensure_eq!(
        block_on(world.schemas().inspect(&schema))?,
        SchemaState::Foreign { mark: Mark::None },
        "the schema"
    );
    untouchable(&world, &schema)?;
    let unmarked = FoundSchema {
        name: schema.name,
        mark: Mark::None,
    };
    ensure_eq!(
        block_on(world.schemas().list())?,
        [unmarked],
        "the listing afterwards"
    );
    Ok(())
}

pub(crate) fn a_schema_whose_mark_was_changed_is_never_touched<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let other = world.unrecorded("other")?.id();
    let name = context.schema().name;
    world.harness.outside().put_mark(&name, other)?;
    untouchable(&world, &context.schema())?;
    let marked = FoundSchema {
        name,
        mark: Mark::Tenant(other),
    };
    ensure_eq!(block_on(world.schemas().list())?, [marked], "the listing");
    Ok(())
}

pub(crate) fn a_schema_that_was_renamed_is_never_taken_for_anothers<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let context = world.context("acme")?;
    let next = world.pending("globex")?;
    let to = SchemaName::of(&Slug::new("globex")?);
    let outside = world.harness.outside();
    outside.rename_schema(&context.schema().name, &to)?;
    ensure_eq!(
        block_on(world.schemas().inspect(&context.schema()))?,
        SchemaState::Missing,
        "the old name"
    );
    ensure_eq!(
        block_on(world.schemas().inspect(&next.schema()))?,
        SchemaState::Foreign {
            mark: Mark::Tenant(context.id())
        },
        "the new name"
    );
    untouchable(&world, &next.schema())
}
