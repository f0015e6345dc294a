//! Benchmarks of Tenantry that a host can run on its own adapters.
//!
//! An adapter is a [`Subject`]: its ports, the statements that are measured in its own code, and the [`Floor`], which is
//! the same on one connection that never leaves its tenant. [`run`] is the `main` of a benchmark, and [`Report`] shows
//! what was measured:
//!
//! ```text
//!  run(&subject, folder) ─▶ goals         warm session scope and floor, in turns
//!                           budget        single operations, one by one: p50 and p99
//!                           scopes        criterion: scopes and floor, in one group
//!                           provisioning  criterion: a tenant from nothing to active
//!                      folder ─▶ Report ─▶ Markdown, bench.json
//! ```
//!
//! A store of cached values is a [`CacheSubject`], measured by [`run_cache`]: a tenant's cache against the bare client. A
//! [`Subject`] with a job queue is a [`JobSubject`], measured by [`run_jobs`]: putting in and handing out against a plain
//! table, jobs a second at one, few and many tenants, and the budget's row for jobs.
//!
//! Work comes from one thread, and back to back, unless it says otherwise: what a pool does in the background then
//! competes with the next scope for the machine, and for the connection. Times are those of the caller.
//!
//! # On an adapter of your own
//! Implement [`Subject`] in a file of your `benches` folder, and add a target without a harness to your manifest:
//!
//! ```toml
//! [[bench]]
//! name = "tenants"
//! harness = false
//! ```
//!
//! The memory adapter stands for yours here. [`Run`] and [`Effort::trial`] are what tests use; a benchmark's `main`
//! calls [`run`].
//!
//! ```
//! # use std::sync::Arc;
//! use serde_json::json;
//! use tenantry::ports::{SchemaProvider, TenantRepository};
//! use tenantry::{BoxError, TenantContext};
//! use tenantry_benches::{Effort, Floor, Report, Run, Subject, Work};
//! # use tenantry_memory::{
//! #     MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
//! #     TenantConnection,
//! # };
//!
//! struct Mine {
//!     scopes: MemoryScopes,
//!     repository: Arc<MemoryTenantRepository>,
//!     schemas: Arc<MemorySchemaProvider>,
//! }
//!
//! impl Subject for Mine {
//!     type Scopes = MemoryScopes;
//!
//!     const NAME: &'static str = "mine";
//!
//!     fn conditions(&self) -> String {
//!         "in memory".into()
//!     }
//!
//!     fn scopes(&self) -> &MemoryScopes {
//!         &self.scopes
//!     }
//!
//!     fn repository(&self) -> Arc<dyn TenantRepository> {
//!         self.repository.clone()
//!     }
//!
//!     fn schemas(&self) -> Arc<dyn SchemaProvider> {
//!         self.schemas.clone()
//!     }
//!
//!     fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
//!         match work {
//!             Work::Nothing => Ok(0),
//!             Work::PointRead => Ok(connection.rows("items")?.len()),
//!             Work::InsertAndRead => {
//!                 connection.delete("entries", |_| true)?;
//!                 connection.insert("entries", json!(7))?;
//!                 Ok(connection.rows("entries")?.len())
//!             }
//!         }
//!     }
//!
//!     fn floor(&self, _: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
//!         Ok(Box::new(Pinned(vec![json!(42)])))
//!     }
//! }
//!
//! struct Pinned(Vec<serde_json::Value>);
//!
//! impl Floor for Pinned {
//!     fn perform(&mut self, work: Work) -> Result<usize, BoxError> {
//!         Ok(self.0.clone().into_iter().take(work.rows()).count())
//!     }
//!
//!     fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError> {
//!         self.perform(work)
//!     }
//! }
//!
//! # let database = MemoryDatabase::new();
//! # let tables = MemoryMigration::new("tables", |tables| {
//! #     tables.create("items")?;
//! #     tables.create("entries")?;
//! #     Ok(tables.insert("items", json!(42))?)
//! # });
//! # let mine = Mine {
//! #     scopes: MemoryScopes::new(database.clone()),
//! #     repository: Arc::default(),
//! #     schemas: Arc::new(MemorySchemaProvider::new(database, [tables])),
//! # };
//! let folder = tempfile::tempdir()?;
//! Run::with_effort(folder.path(), Effort::trial()).subject(&mine)?;
//!
//! let report = Report::read(folder.path())?;
//! assert!(report.to_string().contains("| session scope, warm tenant: point read"));
//! report.write_json(folder.path())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod caches;
mod core_types;
mod effort;
mod error;
mod fleet;
mod goal;
mod jobs;
mod provisioning;
mod report;
mod results;
mod run;
mod scopes;
mod subject;
mod timing;

pub use budget::{Operation, Spent, budget, goals};
pub use caches::{CacheFloor, CacheSubject, cache_goals, caches};
pub use core_types::core_types;
pub use effort::Effort;
pub use error::BenchError;
pub use fleet::Fleet;
pub use goal::Goal;
pub use jobs::{JobFloor, JobSubject, Rate, job_overhead, job_rates, jobs};
pub use provisioning::provisioning;
pub use report::Report;
pub use results::{Measured, Results, Row};
pub use run::{Run, run, run_cache, run_core, run_jobs};
pub use scopes::scopes;
pub use subject::{Floor, Subject, Work};
pub use timing::Percentiles;
