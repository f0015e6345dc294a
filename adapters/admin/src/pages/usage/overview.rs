use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tenantry::jobs::JobReach;
use tenantry::ports::UsageStore;
use tenantry::usage::{Measure, TenantSize};
use tenantry::{PageSize, TenantId};

use super::{Tile, percent};
use crate::access::Right;
use crate::operations::now;
use crate::pages::failure::Failure;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Shell};
use crate::pages::visit::Visit;
use crate::pages::words::{bytes, count, milliseconds, rows};
use crate::part_refusal::PartRefusal;

const ROWS: u16 = 10;
const QUIET_DAYS: u16 = 30;
const MEASURES: [(&str, &str); 4] = [
    ("total_bytes", "bytes in all"),
    ("bytes", "bytes of rows"),
    ("index_bytes", "bytes of indexes"),
    ("rows", "rows"),
];

/// What the largest tenants are compared by.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Choice {
    by: String,
}

/// The first page: how much tenants have; without that, which tenants there are.
pub(in crate::pages) async fn overview(
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Result<Response, Failure> {
    visit.demand(Right::Read)?;
    let Some(usage) = &visit.admin.usage else {
        let target = format!("{}/tenants", visit.base);
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response());
    };
    let by: Measure = choice.by.parse().unwrap_or_default();
    let top = visit.top(&*usage.samples, by).await?;
    let largest = top.first().map_or(0, |first| by.of(first.size));
    let quiet = visit.quiet(&*usage.samples).await?;
    let page = OverviewPage {
        shell: visit.at(Place::Overview),
        tiles: tiles(&visit).await?,
        measures: MEASURES,
        by: by.as_str().into(),
        top: visit.rows(&top, by, largest).await,
        busiest: visit.busiest().await,
        quiet: visit.rows(&quiet, by, largest).await,
        quiet_days: QUIET_DAYS,
    };
    Ok(Page::ok(page).into_response())
}

impl Visit {
    /// The tenants that have most, of those that are this operator's.
    async fn top(&self, samples: &dyn UsageStore, by: Measure) -> Result<Vec<TenantSize>, Failure> {
        let size = PageSize::new(ROWS).unwrap_or_default();
        let Some(own) = self.operator.tenants() else {
            return Ok(samples.top(by, size).await?);
        };
        let mut found = Vec::new();
        for tenant in own {
            if let Some(sample) = samples.latest(*tenant).await? {
                found.push(TenantSize {
                    tenant: *tenant,
                    at: sample.at,
                    size: sample.total(),
                });
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(by.of(found.size)));
        found.truncate(usize::from(ROWS));
        Ok(found)
    }

    /// Tenants that haven't changed for a while, of those that are this operator's.
    async fn quiet(&self, samples: &dyn UsageStore) -> Result<Vec<TenantSize>, Failure> {
        let since = now() - TimeDelta::days(QUIET_DAYS.into());
        let mut found: Vec<TenantSize> = Vec::new();
        let mut after: Option<TenantId> = None;
        loop {
            let page = samples.quiet(since, after, PageSize::LARGEST).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            after = Some(last.tenant);
            let own = page
                .into_iter()
                .filter(|it| self.operator.reaches(it.tenant));
            found.extend(own.take(usize::from(ROWS) - found.len()));
            if found.len() == usize::from(ROWS) {
                return Ok(found);
            }
        }
    }

    /// The tenants with most requests of this process, of those that are this operator's.
    async fn busiest(&self) -> Vec<BusyRow> {
        let Some(figures) = &self.admin.figures else {
            return Vec::new();
        };
        let most = match self.operator.tenants() {
            None => usize::from(ROWS),
            Some(_) => usize::MAX,
        };
        let busiest = figures.busiest(most).into_iter();
        let own = busiest.filter(|(tenant, _)| self.operator.reaches(*tenant));
        let mut shown = Vec::new();
        for (tenant, figures) in own.take(usize::from(ROWS)) {
            let (href, slug) = self.named(tenant).await;
            shown.push(BusyRow {
                href: format!("{href}/usage"),
                slug,
                requests: count(figures.requests),
                errors: count(figures.errors),
                mean: milliseconds(figures.mean_time()),
                scopes: milliseconds(figures.scope_time),
            });
        }
        shown
    }

    async fn rows(&self, sizes: &[TenantSize], by: Measure, largest: u64) -> Vec<SizeRow> {
        let mut shown = Vec::with_capacity(sizes.len());
        for TenantSize { tenant, at, size } in sizes {
            let (href, slug) = self.named(*tenant).await;
            shown.push(SizeRow {
                href: format!("{href}/usage"),
                slug,
                at: *at,
                rows: rows(size.rows),
                bytes: bytes(size.bytes),
                indexes: bytes(size.index_bytes),
                percent: percent(by.of(*size), largest),
            });
        }
        shown
    }
}

/// What all tenants' jobs come to, for whoever may see all.
async fn tiles(visit: &Visit) -> Result<Vec<Tile>, Failure> {
    let queue = visit.admin.jobs.as_ref();
    let Some(queue) = queue.filter(|_| visit.operator.tenants().is_none()) else {
        return Ok(Vec::new());
    };
    let stats = queue.stats(JobReach::Everything).await;
    let stats = stats.map_err(PartRefusal::Jobs)?;
    Ok(vec![
        Tile::new("Jobs waiting", count(stats.waiting)),
        Tile::new("Jobs running", count(stats.running)),
        Tile::new("Dead letters", count(stats.dead)),
    ])
}

#[derive(Template)]
#[template(path = "usage/overview.html")]
struct OverviewPage {
    shell: Shell,
    tiles: Vec<Tile>,
    measures: [(&'static str, &'static str); 4],
    by: String,
    top: Vec<SizeRow>,
    busiest: Vec<BusyRow>,
    quiet: Vec<SizeRow>,
    quiet_days: u16,
}

struct SizeRow {
    href: String,
    slug: String,
    at: DateTime<Utc>,
    rows: String,
    bytes: String,
    indexes: String,
    percent: u64,
}

struct BusyRow {
    href: String,
    slug: String,
    requests: String,
    errors: String,
    mean: String,
    scopes: String,
}
