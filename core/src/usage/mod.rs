//! How much tenants have, now and over time.
//!
//! ```text
//!  TenantSizes   the port: rows, bytes and indexes of tenants' tables, now ──▶ TenantUsage
//!  UsageStore    the port: samples of that, kept over time ──▶ series of a tenant, the largest, the quiet
//!  UsageSampler  from the one into the other, a bounded number of tenants at a time
//! ```

mod query;
mod sampler;
mod size;

pub use query::{Measure, MeasureError, SeriesQuery, TenantSize, UsagePoint};
pub use sampler::{SampleError, Sampled, UsageSampler};
pub use size::{RowCount, Size, TableSize, TenantUsage, UsageSample};
