use chrono::{DateTime, Utc};
use serde::Serialize;
use tenantry::TenantId;
use tenantry::usage::{RowCount, Size, TableSize, TenantSize, TenantUsage, UsagePoint};
use utoipa::ToSchema;

/// How well a number of rows is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KnownAs {
    /// They were counted.
    Exact,
    /// The database's own estimate, as of when it last looked.
    Estimate,
    /// The database has never looked.
    Unknown,
}

/// How much there is of something.
#[derive(Serialize, ToSchema)]
#[schema(as = Size)]
pub(super) struct SizeView {
    /// How many rows, if that is known.
    rows: Option<u64>,
    /// How well it is known.
    rows_known_as: KnownAs,
    /// Bytes of rows.
    bytes: u64,
    /// Bytes of indexes.
    index_bytes: u64,
}

impl From<Size> for SizeView {
    fn from(size: Size) -> Self {
        let rows_known_as = match size.rows {
            RowCount::Exact(_) => KnownAs::Exact,
            RowCount::Estimate(_) => KnownAs::Estimate,
            RowCount::Unknown => KnownAs::Unknown,
        };
        Self {
            rows: size.rows.number(),
            rows_known_as,
            bytes: size.bytes,
            index_bytes: size.index_bytes,
        }
    }
}

/// How much there is in a table.
#[derive(Serialize, ToSchema)]
#[schema(as = TableSize)]
pub(super) struct TableView {
    /// The table's name.
    table: String,
    /// How much.
    size: SizeView,
}

impl From<TableSize> for TableView {
    fn from(TableSize { table, size }: TableSize) -> Self {
        Self {
            table,
            size: size.into(),
        }
    }
}

/// How much a tenant has now.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(super) struct UsageView {
    /// All tables together.
    total: SizeView,
    /// The tables, by name: none while its schema isn't there.
    tables: Vec<TableView>,
}

impl UsageView {
    pub(super) fn of(usage: Option<TenantUsage>) -> Self {
        let total = usage.as_ref().map_or(Size::NONE, TenantUsage::total);
        let tables = usage.into_iter().flat_map(|usage| usage.tables);
        Self {
            total: total.into(),
            tables: tables.map(Into::into).collect(),
        }
    }
}

/// How much there was at some time.
#[derive(Serialize, ToSchema)]
#[schema(as = UsagePoint)]
pub(super) struct PointView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: DateTime<Utc>,
    /// How much.
    size: SizeView,
}

impl From<UsagePoint> for PointView {
    fn from(UsagePoint { at, size }: UsagePoint) -> Self {
        Self {
            at,
            size: size.into(),
        }
    }
}

/// How a tenant's size changed, by ascending time.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageSeries {
    /// Of each part of the time, its last sample.
    pub(super) items: Vec<PointView>,
}

/// How much a tenant has, by its last sample.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantSize)]
pub(super) struct TenantSizeView {
    /// Whose.
    #[schema(value_type = String, format = "uuid")]
    tenant: TenantId,
    /// When that was.
    #[schema(value_type = String, format = DateTime)]
    at: DateTime<Utc>,
    /// All tables together.
    size: SizeView,
}

impl From<TenantSize> for TenantSizeView {
    fn from(TenantSize { tenant, at, size }: TenantSize) -> Self {
        Self {
            tenant,
            at,
            size: size.into(),
        }
    }
}

/// The largest tenants, the largest first.
#[derive(Serialize, ToSchema)]
pub(super) struct TopTenants {
    /// The tenants.
    pub(super) items: Vec<TenantSizeView>,
}

/// What tenants are compared by.
#[derive(ToSchema)]
#[schema(as = Measure, rename_all = "snake_case")]
#[expect(dead_code, reason = "the core's measures, as the document shows them")]
pub(super) enum MeasureView {
    /// Rows.
    Rows,
    /// Bytes of rows.
    Bytes,
    /// Bytes of indexes.
    IndexBytes,
    /// Bytes of both.
    TotalBytes,
}
