//! Threads that have a [`JobWorker`](tenantry::jobs::JobWorker) do jobs, over any queue, until they are told to stop.
//!
//! ```text
//!  runner     JobRunner          the threads
//!  settings   JobRunnerSettings  how many, how long
//!  signal     WakeSignal         what wakes them before their poll
//!  observer   RunnerObserver     who is told what becomes of jobs
//!  in_hand    InHand             leases that are extended while their jobs run
//!  schedules  ScheduleRunner     a thread that puts in the jobs of schedules
//!  handler    InTenant, InShared handlers that work in a scope, by an adapter's JobScopes
//! ```
//!
//! The core has neither threads nor timers, and a store's adapter knows its store alone: what drives a worker is here,
//! once for all queues.
//!
//! ```
//! # use std::sync::Arc;
//! use tenantry::jobs::{JobPolicy, JobWorker};
//! use tenantry_memory::{MemoryJobQueue, MemoryTenantRepository, RandomBits, SystemClock};
//! use tenantry_runner::{JobRunner, JobRunnerSettings, NoSignal};
//!
//! let queue = Arc::new(MemoryJobQueue::new(Arc::new(SystemClock)));
//! let tenants = Arc::new(MemoryTenantRepository::new());
//! let worker = JobWorker::new(queue, tenants, Arc::new(RandomBits::new()), JobPolicy::default());
//! // … with handlers …
//! let settings = JobRunnerSettings { until_idle: true, ..JobRunnerSettings::default() };
//! let runner = JobRunner::start(&worker, NoSignal, settings, |error| eprintln!("jobs: {error}"))?;
//! runner.wait(); // nothing is due
//! # Ok::<(), std::io::Error>(())
//! ```

mod guarded;
mod handler;
mod in_hand;
mod observer;
mod runner;
mod schedules;
mod settings;
mod signal;
mod sync;

pub use handler::{InShared, InTenant, JobOutcome, JobScopes, ScopedWork};
pub use observer::RunnerObserver;
pub use runner::{JobRunner, StillAtWork};
pub use schedules::ScheduleRunner;
pub use settings::JobRunnerSettings;
pub use signal::{NoSignal, WakeSignal};
