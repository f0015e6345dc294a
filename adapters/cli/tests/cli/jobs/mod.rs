//! The queue as an operator looks after it, and the worker whose handlers are programs.

mod events;
mod looking;
mod many;
mod putting;
mod schedules;
mod surroundings;
mod working;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_lite::future::block_on;
use serde_json::Value;
use tenantry::jobs::{
    JobEnvelope, JobId, JobKind, JobParts, JobPayload, JobScope, MaxAttempts, Priority,
};
use tenantry::ports::Clock;
use tenantry::{Actor, TenantId};
use tenantry_memory::SystemClock;

use crate::surroundings::{Database, Databases, Tenantry, program};

static MADE: AtomicU64 = AtomicU64::new(1);

/// A database with a queue and two tenants, as the command made them.
struct World {
    database: Database,
    tenantry: Tenantry,
}

impl World {
    fn both() -> [Self; 2] {
        Databases::start().map(|database| {
            let tenantry = database.tenantry();
            tenantry.ok(&["setup", "--jobs"]);
            for slug in ["acme", "globex"] {
                tenantry.ok(&["tenant", "create", slug, "--provision"]);
            }
            Self { database, tenantry }
        })
    }

    fn id(&self, slug: &str) -> TenantId {
        let shown = self.tenantry.json(&["tenant", "show", slug]);
        shown["id"].as_str().unwrap().parse().unwrap()
    }

    fn put(&self, slug: &str, kind: &str, word: &str) -> String {
        self.put_in(JobScope::Tenant(self.id(slug)), kind, word)
    }

    /// Puts a job in as an application does. Ids ascend.
    fn put_in(&self, scope: JobScope, kind: &str, word: &str) -> String {
        let now = SystemClock.now();
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let id = JobId::from_parts(now, tail);
        let parts = JobParts {
            id,
            scope,
            actor: Actor::named("user:42").unwrap(),
            kind: JobKind::new(kind).unwrap(),
            payload: JobPayload::of(word).unwrap(),
            priority: Priority::default(),
            attempts: 0,
            max_attempts: MaxAttempts::default(),
            trace: None,
            run_at: now,
            unique_key: None,
        };
        let job = JobEnvelope::restore(parts).unwrap();
        block_on(self.database.queue().enqueue(&job)).unwrap();
        id.to_string()
    }

    /// Has a worker do what is due, and gives the last thing that it says.
    fn work(&self) -> Value {
        self.work_with(&[]).pop().unwrap()
    }

    /// The same with these options, and all that it says.
    fn work_with(&self, more: &[&str]) -> Vec<Value> {
        let args = work_args(&[&["--until-empty", "--json"], more].concat());
        let printed = self.tenantry.ok(&args);
        let read = |line| serde_json::from_str(line).unwrap();
        printed.lines().map(read).collect()
    }

    fn show(&self, id: &str) -> Value {
        self.tenantry.json(&["jobs", "show", id, "--payload"])
    }

    fn listed(&self, args: &[&str]) -> Vec<String> {
        ids(&self.tenantry.json(args)["jobs"])
    }
}

/// The arguments of a worker that does jobs of the kind `work`.
fn work_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    static RUN: LazyLock<String> = LazyLock::new(|| format!("work={}", program().display()));
    [&["jobs", "work", "--run", &**RUN], more].concat()
}

fn ids(jobs: &Value) -> Vec<String> {
    let id = |job: &Value| job["id"].as_str().unwrap().to_owned();
    jobs.as_array().unwrap().iter().map(id).collect()
}
