use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tenantry::usage::{Measure, SeriesQuery};
use utoipa::IntoParams;

use super::model::{MeasureView, TopTenants, UsageSeries, UsageView};
use crate::operations::now;
use crate::part_refusal::PartRefusal;
use crate::query::{Asked, invalid, page_size};
use crate::refusal::Refusal;
use crate::state::{Part, Usage};
use crate::tenants::Found;

/// Measure a tenant's tables: rows, bytes and indexes, now.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/usage",
    operation_id = "read_usage",
    responses((status = 200, description = "How much there is.", body = UsageView))
)]
pub(super) async fn read(
    Part(usage): Part<Usage>,
    Found(tenant): Found,
) -> Result<axum::Json<UsageView>, Refusal> {
    let found = usage.sizes.sizes(&[tenant.schema()]).await;
    let found = found.map_err(PartRefusal::Usage)?;
    Ok(axum::Json(UsageView::of(found.into_iter().next())))
}

/// Which samples.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Series {
    /// Of this table alone; of all together, unless it is given.
    #[param(min_length = 1, max_length = 63, pattern = "^[^\\u0000]+$")]
    table: Option<String>,
    /// From this time on: 30 days before the end, unless it is given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Until before this time: now, unless it is given.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// In so many parts at most, of each of which the last sample is shown: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    points: Option<u16>,
}

/// Read how a tenant's size changed over time, by the samples that were taken.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/usage/samples",
    operation_id = "read_usage_samples",
    params(Series),
    responses((status = 200, description = "Sizes over time.", body = UsageSeries))
)]
pub(super) async fn samples(
    Part(usage): Part<Usage>,
    Found(tenant): Found,
    Asked(series): Asked<Series>,
) -> Result<axum::Json<UsageSeries>, Refusal> {
    const USUAL: TimeDelta = TimeDelta::days(30);
    let Series {
        table,
        from,
        until,
        points,
    } = series;
    let until = time_of(until)?.unwrap_or_else(|| now() + TimeDelta::microseconds(1));
    let from = match time_of(from)? {
        Some(from) => from,
        None => until.checked_sub_signed(USUAL).unwrap_or(until),
    };
    let length = table.as_ref().map(|table| table.chars().count());
    let well_formed = |length| (1..=63).contains(&length);
    if !length.is_none_or(well_formed) || table.as_ref().is_some_and(|it| it.contains('\0')) {
        return Err(invalid("a table's name has 1 to 63 characters, and no NUL"));
    }
    let query = SeriesQuery {
        tenant: tenant.id(),
        table,
        from,
        until,
        points: page_size(points)?,
    };
    if from >= until {
        return Ok(axum::Json(UsageSeries { items: Vec::new() }));
    }
    let found = usage.samples.series(&query).await;
    let found = found.map_err(PartRefusal::Usage)?;
    let items = found.into_iter().map(Into::into).collect();
    Ok(axum::Json(UsageSeries { items }))
}

fn time_of(text: Option<String>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let time = text.map(|text| DateTime::parse_from_rfc3339(&text));
    let time = time.transpose().map_err(invalid)?;
    Ok(time.map(|time| time.to_utc()))
}

/// By what, and how many.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ranking {
    /// What they are compared by: bytes of rows and indexes, unless it is given.
    #[param(inline, value_type = Option<MeasureView>)]
    by: Option<String>,
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// List the tenants that have most, by their last samples.
#[utoipa::path(
    get,
    path = "/api/usage/top",
    operation_id = "list_largest_tenants",
    params(Ranking),
    responses((status = 200, description = "The largest tenants.", body = TopTenants))
)]
pub(super) async fn top(
    Part(usage): Part<Usage>,
    Asked(ranking): Asked<Ranking>,
) -> Result<axum::Json<TopTenants>, Refusal> {
    let Ranking { by, limit } = ranking;
    let by = by.map(|text| text.parse::<Measure>()).transpose();
    let by = by.map_err(invalid)?.unwrap_or_default();
    let found = usage.samples.top(by, page_size(limit)?).await;
    let found = found.map_err(PartRefusal::Usage)?;
    let items = found.into_iter().map(Into::into).collect();
    Ok(axum::Json(TopTenants { items }))
}
