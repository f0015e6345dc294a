use askama::Template;
use axum::extract::Query;
use chrono::TimeDelta;
use serde::Deserialize;
use tenantry::jobs::{JobReach, JobScope};
use tenantry::usage::{SeriesQuery, Size, TableSize, TenantUsage, UsagePoint};
use tenantry::{PageSize, Tenant};
use tenantry_telemetry::{Figures, MinuteFigures};

use super::{Tile, percent};
use crate::access::Right;
use crate::operations::now;
use crate::pages::failure::Failure;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Section, Shell};
use crate::pages::tenants::Chosen;
use crate::pages::words::{bytes, count, milliseconds, rows};
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// As many points as a plot shows and a table can be read of.
const POINTS: u16 = 90;
const SPANS: [(u16, &str); 4] = [
    (7, "7 days"),
    (30, "30 days"),
    (90, "90 days"),
    (365, "a year"),
];
const USUAL: u16 = 30;

/// Of which table, and over which time.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Choice {
    table: String,
    days: String,
}

/// How much a tenant has.
pub(in crate::pages) async fn of_tenant(
    chosen: Chosen,
    Query(choice): Query<Choice>,
) -> Result<Page<UsagePage>, Failure> {
    chosen.visit.demand(Right::Read)?;
    let usage = chosen.visit.admin.usage.as_ref();
    let usage = usage.ok_or(Refusal::PathUnknown)?;
    let days = choice.days();
    let table = Some(choice.table).filter(|table| !table.is_empty());
    let until = now() + TimeDelta::seconds(1);
    let series = SeriesQuery {
        tenant: chosen.tenant.id(),
        table: table.clone(),
        from: until - TimeDelta::days(days.into()),
        until,
        points: PageSize::new(POINTS).unwrap_or_default(),
    };
    let points = usage.samples.series(&series).await?;
    let sizes = usage.sizes.sizes(&[chosen.tenant.schema()]).await?;
    let sizes = sizes.into_iter().next();
    let total = sizes.as_ref().map_or(Size::NONE, TenantUsage::total);
    let mut tiles = vec![
        Tile::new("Rows", rows(total.rows)),
        Tile::new("Bytes of rows", bytes(total.bytes)),
        Tile::new("Bytes of indexes", bytes(total.index_bytes)),
    ];
    tiles.extend(work_of(&chosen).await?);
    let minutes = minutes_of(&chosen);
    let action = chosen.at("/usage");
    let place = Place::Tenant(Section::Usage);
    Ok(Page::ok(UsagePage {
        shell: chosen.visit.in_tenant(&chosen.tenant, place),
        tiles,
        table,
        days,
        spans: SPANS,
        points: points.into_iter().map(Point).collect(),
        minutes,
        sizes: rows_of(sizes, &action),
        action,
        tenant: chosen.tenant,
    }))
}

impl Choice {
    fn days(&self) -> u16 {
        let days = self.days.parse().ok();
        let known = |days: &u16| SPANS.iter().any(|(span, _)| span == days);
        days.filter(known).unwrap_or(USUAL)
    }
}

/// What the tenant's jobs come to, where the host has some.
async fn work_of(chosen: &Chosen) -> Result<Vec<Tile>, Failure> {
    let Some(queue) = &chosen.visit.admin.jobs else {
        return Ok(Vec::new());
    };
    let reach = JobReach::Only(JobScope::Tenant(chosen.tenant.id()));
    let stats = queue.stats(reach).await.map_err(PartRefusal::Jobs)?;
    Ok(vec![
        Tile::new("Jobs waiting", count(stats.waiting)),
        Tile::new("Dead letters", count(stats.dead)),
    ])
}

/// What this process did for the tenant in each minute of the last hour, where the host counts that: nothing, if it did nothing.
fn minutes_of(chosen: &Chosen) -> Vec<Minute> {
    let figures = chosen.visit.admin.figures.as_ref();
    let minutes = figures.map_or_else(Vec::new, |figures| figures.of(chosen.tenant.id()));
    if minutes
        .iter()
        .all(|minute| minute.figures == Figures::default())
    {
        return Vec::new();
    }
    minutes.into_iter().map(Minute).collect()
}

#[derive(Template)]
#[template(path = "usage/tenant.html")]
pub(in crate::pages) struct UsagePage {
    shell: Shell,
    tenant: Tenant,
    tiles: Vec<Tile>,
    action: String,
    table: Option<String>,
    days: u16,
    spans: [(u16, &'static str); 4],
    points: Vec<Point>,
    minutes: Vec<Minute>,
    sizes: Vec<SizeRow>,
}

/// A minute of this process.
struct Minute(MinuteFigures);

impl Minute {
    fn mean(&self) -> String {
        milliseconds(self.0.figures.mean_time())
    }

    fn scope_time(&self) -> String {
        milliseconds(self.0.figures.scope_time)
    }
}

/// A point of a plot.
struct Point(UsagePoint);

impl Point {
    fn rows(&self) -> String {
        rows(self.0.size.rows)
    }

    fn bytes(&self) -> String {
        bytes(self.0.size.bytes)
    }

    fn index_bytes(&self) -> String {
        bytes(self.0.size.index_bytes)
    }

    /// The number of rows for a plot: none where it isn't known.
    fn plotted(&self) -> String {
        let rows = self.0.size.rows.number();
        rows.map_or_else(String::new, |rows| rows.to_string())
    }
}

struct SizeRow {
    href: String,
    table: String,
    rows: String,
    bytes: String,
    indexes: String,
    percent: u64,
}

fn rows_of(usage: Option<TenantUsage>, action: &str) -> Vec<SizeRow> {
    let tables = usage.map_or_else(Vec::new, |usage| usage.tables);
    let sizes = tables.iter().map(|table| table.size.total_bytes());
    let largest = sizes.max().unwrap_or(0);
    let row = |TableSize { table, size }: TableSize| SizeRow {
        href: format!("{action}?table={table}"),
        table,
        rows: rows(size.rows),
        bytes: bytes(size.bytes),
        indexes: bytes(size.index_bytes),
        percent: percent(size.total_bytes(), largest),
    };
    tables.into_iter().map(row).collect()
}
