//! Samples, over time.

use futures_lite::future::block_on;
use tenantry::usage::{Measure, RowCount, SeriesQuery, Size, TableSize, UsageSample};
use tenantry::{PageSize, Tenant, TenantId};

use super::super::UsageHarness;
use super::super::world::{World, table};
use crate::port_suite::purge_as_claimed;
use crate::{Verdict, Violation, ensure_eq};

pub(in crate::usage) fn a_sample_is_read_back_as_it_was_recorded<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    ensure_eq!(latest(&world, &world.acme)?, None, "before any");
    let size = |rows, bytes| Size {
        rows,
        bytes,
        index_bytes: 7,
    };
    let tables = [
        ("Quoted \"äß\" 🦀", size(RowCount::Exact(5), 1)),
        ("estimated", size(RowCount::Estimate(6), i64::MAX as u64)),
        ("unknown", size(RowCount::Unknown, 0)),
    ];
    let sized = |(table, size): (&str, Size)| TableSize {
        table: table.into(),
        size,
    };
    let sample = UsageSample {
        tenant: world.acme.id(),
        at: world.hour(0),
        tables: tables.map(sized).into(),
    };
    world.record(&[sample.clone(), world.sample(&world.umbrella, 0, 1)])?;
    ensure_eq!(latest(&world, &world.acme)?, Some(sample), "the sample");
    let empty = UsageSample {
        tenant: world.acme.id(),
        at: world.hour(1),
        tables: Vec::new(),
    };
    world.record(std::slice::from_ref(&empty))?;
    ensure_eq!(latest(&world, &world.acme)?, Some(empty), "without tables");
    Ok(())
}

pub(in crate::usage) fn a_sample_of_the_same_time_takes_its_place<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    world.record(&[world.sample(&world.acme, 0, 5)])?;
    let mut again = world.sample(&world.acme, 0, 9);
    again.tables.pop();
    world.record(std::slice::from_ref(&again))?;
    let points = series(&world, &world.acme, None, (0, 1), 10)?;
    ensure_eq!(points, [9], "the points");
    ensure_eq!(latest(&world, &world.acme)?, Some(again), "the last");
    Ok(())
}

pub(in crate::usage) fn a_series_shows_the_last_sample_of_each_part_of_the_time<H: UsageHarness>()
-> Verdict {
    let world = World::<H>::start()?;
    let hours = 0..12_u32;
    let samples: Vec<_> = hours
        .map(|hour| world.sample(&world.acme, i64::from(hour), u64::from(hour) + 10))
        .collect();
    world.record(&samples)?;
    let all = series(&world, &world.acme, Some("items"), (0, 12), 500)?;
    ensure_eq!(all, (10..22).collect::<Vec<_>>(), "every sample");
    let parts = series(&world, &world.acme, Some("items"), (0, 12), 4)?;
    ensure_eq!(parts, [12, 15, 18, 21], "four parts");
    let some = series(&world, &world.acme, Some("items"), (3, 6), 500)?;
    ensure_eq!(some, [13, 14, 15], "from and until");
    let none = series(&world, &world.acme, Some("items"), (20, 30), 500)?;
    ensure_eq!(none, [0; 0], "where there are none");
    Ok(())
}

pub(in crate::usage) fn a_series_is_of_one_tenant_and_one_table_alone<H: UsageHarness>() -> Verdict
{
    let world = World::<H>::start()?;
    let mut later = world.sample(&world.acme, 1, 7);
    later.tables.push(table("added", 2));
    later.tables.sort_by(|one, two| one.table.cmp(&two.table));
    world.record(&[
        world.sample(&world.acme, 0, 5),
        world.sample(&world.umbrella, 0, 50),
        later,
    ])?;
    let all = series(&world, &world.acme, None, (0, 9), 500)?;
    ensure_eq!(all, [6, 10], "all tables together");
    let items = series(&world, &world.acme, Some("items"), (0, 9), 500)?;
    ensure_eq!(items, [5, 7], "one table");
    let added = series(&world, &world.acme, Some("added"), (0, 9), 500)?;
    ensure_eq!(added, [2], "a table that was added");
    let other = series(&world, &world.umbrella, Some("items"), (0, 9), 500)?;
    ensure_eq!(other, [50], "another tenant");
    Ok(())
}

pub(in crate::usage) fn the_largest_tenants_come_first<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    world.record(&[
        world.sample(&world.acme, 0, 900),
        world.sample(&world.umbrella, 0, 50),
        world.sample(&world.initech, 0, 50),
    ])?;
    // By the last sample of each, at whatever time.
    world.record(&[world.sample(&world.acme, 1, 5)])?;
    let top = |by, size| -> Result<Vec<TenantId>, Violation> {
        let top = block_on(world.store.top(by, PageSize::new(size)?))?;
        Ok(top.iter().map(|one| one.tenant).collect())
    };
    let (acme, umbrella, initech) = (world.acme.id(), world.umbrella.id(), world.initech.id());
    for by in [
        Measure::TotalBytes,
        Measure::Rows,
        Measure::Bytes,
        Measure::IndexBytes,
    ] {
        ensure_eq!(top(by, 10)?, [umbrella, initech, acme], "by {by}");
    }
    ensure_eq!(top(Measure::Rows, 1)?, [umbrella], "one alone");
    let first = block_on(world.store.top(Measure::Rows, PageSize::new(1)?))?;
    ensure_eq!(first[0].at, world.hour(0), "the time of its sample");
    ensure_eq!(first[0].size.bytes, 5_100, "all tables together");
    let mut fewer = world.sample(&world.acme, 2, 5);
    fewer.tables = vec![TableSize {
        table: "rowless".into(),
        size: Size {
            rows: RowCount::Unknown,
            bytes: 1_000_000,
            index_bytes: 0,
        },
    }];
    world.record(&[fewer])?;
    ensure_eq!(top(Measure::Bytes, 1)?, [acme], "by bytes of unknown rows");
    ensure_eq!(top(Measure::Rows, 1)?, [umbrella], "by rows, unknown ones");
    Ok(())
}

pub(in crate::usage) fn quiet_tenants_are_those_whose_samples_are_alike<H: UsageHarness>() -> Verdict
{
    let world = World::<H>::start()?;
    for (hour, acme, umbrella, initech) in [(0, 1, 5, 5), (1, 2, 5, 5), (2, 2, 5, 6)] {
        world.record(&[
            world.sample(&world.acme, hour, acme),
            world.sample(&world.umbrella, hour, umbrella),
            world.sample(&world.initech, hour, initech),
        ])?;
    }
    let quiet = |since, after, size| -> Result<Vec<TenantId>, Violation> {
        let since = world.hour(since);
        let quiet = block_on(world.store.quiet(since, after, PageSize::new(size)?))?;
        Ok(quiet.iter().map(|one| one.tenant).collect())
    };
    let (acme, umbrella) = (world.acme.id(), world.umbrella.id());
    ensure_eq!(quiet(0, None, 10)?, [umbrella], "from the beginning");
    ensure_eq!(quiet(1, None, 10)?, [acme, umbrella], "since an hour");
    ensure_eq!(quiet(1, None, 1)?, [acme], "one alone");
    ensure_eq!(quiet(1, Some(acme), 10)?, [umbrella], "after the first");
    ensure_eq!(quiet(2, None, 10)?, [], "by one sample alone");
    Ok(())
}

pub(in crate::usage) fn pruning_forgets_what_is_older_and_no_more<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    for hour in 0..4 {
        world.record(&[world.sample(&world.acme, hour, 1)])?;
    }
    world.record(&[world.sample(&world.umbrella, 3, 9)])?;
    let prune = |hour, size| -> Result<u64, Violation> {
        let (before, size) = (world.hour(hour), PageSize::new(size)?);
        Ok(block_on(world.store.prune(before, size))?)
    };
    ensure_eq!(prune(3, 2)?, 2, "two at once");
    ensure_eq!(prune(3, 2)?, 1, "the rest");
    ensure_eq!(prune(3, 2)?, 0, "nothing more");
    let left = series(&world, &world.acme, Some("items"), (0, 9), 500)?;
    ensure_eq!(left.len(), 1, "what is left");
    let other = series(&world, &world.umbrella, Some("items"), (0, 9), 500)?;
    ensure_eq!(other.len(), 1, "of another tenant");
    Ok(())
}

pub(in crate::usage) fn forgetting_a_tenants_samples_leaves_the_others_alone<H: UsageHarness>()
-> Verdict {
    let world = World::<H>::start()?;
    let other = world.sample(&world.umbrella, 0, 9);
    world.record(&[world.sample(&world.acme, 0, 1), other.clone()])?;
    for _ in 0..2 {
        block_on(world.store.forget(world.acme.id()))?;
        ensure_eq!(latest(&world, &world.acme)?, None, "the forgotten");
    }
    ensure_eq!(latest(&world, &world.umbrella)?, Some(other), "the other's");
    Ok(())
}

pub(in crate::usage) fn a_purged_tenants_samples_are_gone<H: UsageHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let other = world.sample(&world.umbrella, 0, 9);
    world.record(&[world.sample(&world.acme, 0, 1), other.clone()])?;
    let acme = world.acme.id();
    purge_as_claimed(H::BESIDE_THE_RECORDS, acme, |id| world.harness.purge(id))?;
    if !H::BESIDE_THE_RECORDS {
        block_on(world.store.forget(acme))?;
    }
    ensure_eq!(latest(&world, &world.acme)?, None, "the purged");
    ensure_eq!(latest(&world, &world.umbrella)?, Some(other), "the other's");
    Ok(())
}

fn latest<H: UsageHarness>(
    world: &World<H>,
    tenant: &Tenant,
) -> Result<Option<UsageSample>, Violation> {
    Ok(block_on(world.store.latest(tenant.id()))?)
}

/// The rows of each point.
fn series<H: UsageHarness>(
    world: &World<H>,
    tenant: &Tenant,
    table: Option<&str>,
    (from, until): (i64, i64),
    points: u16,
) -> Result<Vec<u64>, Violation> {
    let query = SeriesQuery {
        tenant: tenant.id(),
        table: table.map(Into::into),
        from: world.hour(from),
        until: world.hour(until),
        points: PageSize::new(points)?,
    };
    let points = block_on(world.store.series(&query))?;
    ensure_eq!(
        points.is_sorted_by(|one, two| one.at < two.at),
        true,
        "by ascending time"
    );
    let rows = points.iter().filter_map(|point| point.size.rows.number());
    Ok(rows.collect())
}
