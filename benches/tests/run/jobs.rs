use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobPayload, JobScope,
};
use tenantry::ports::{JobQueue, SchemaProvider, ScopeMode, TenantRepository, TenantScopes};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{BenchError, Floor, JobFloor, JobSubject, Subject, Work};
use tenantry_memory::{MemoryJobQueue, MemoryScopes, SystemClock, TenantConnection};

use crate::{Memory, json_of, texts, trial};

/// The memory adapter with a queue whose handler begins, if it is `READY`.
struct Queueing<const READY: bool> {
    memory: Memory<1>,
    queue: Arc<MemoryJobQueue>,
}

impl<const READY: bool> Queueing<READY> {
    fn start() -> Self {
        Self {
            memory: Memory::start(),
            queue: Arc::new(MemoryJobQueue::new(Arc::new(SystemClock))),
        }
    }
}

impl<const READY: bool> Subject for Queueing<READY> {
    type Scopes = MemoryScopes;

    const NAME: &'static str = "memory";

    fn conditions(&self) -> String {
        self.memory.conditions()
    }

    fn scopes(&self) -> &MemoryScopes {
        self.memory.scopes()
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.memory.repository()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.memory.schemas()
    }

    fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
        Memory::<1>::perform(connection, work)
    }

    fn floor(&self, context: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
        self.memory.floor(context)
    }
}

impl<const READY: bool> JobSubject for Queueing<READY> {
    fn queue(&self) -> Result<Arc<dyn JobQueue>, BoxError> {
        Ok(self.queue.clone())
    }

    fn handler(&self, begun: Arc<dyn Fn() + Send + Sync>) -> Arc<dyn JobHandler> {
        Arc::new(Handler::<READY> {
            scopes: self.memory.scopes.clone(),
            begun,
        })
    }

    fn job_floor(&self) -> Result<Box<dyn JobFloor + '_>, BoxError> {
        Ok(Box::new(Rows::default()))
    }

    fn rate_goal(&self) -> Option<f64> {
        Some(1e-9)
    }
}

struct Handler<const READY: bool> {
    scopes: MemoryScopes,
    begun: Arc<dyn Fn() + Send + Sync>,
}

#[async_trait]
impl<const READY: bool> JobHandler for Handler<READY> {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let context = attempt.tenant()?;
        assert_eq!(attempt.job.scope(), JobScope::Tenant(context.id()));
        self.scopes.in_tenant(context, ScopeMode::Transaction, |_| {
            if READY {
                (self.begun)();
            }
            Ok(None)
        })
    }
}

#[derive(Default)]
struct Rows {
    waiting: VecDeque<JobId>,
    running: Vec<JobId>,
}

impl JobFloor for Rows {
    fn begin(&mut self) -> Result<(), BoxError> {
        Err("nothing is put in within a transaction here".into())
    }

    fn commit(&mut self) -> Result<(), BoxError> {
        self.begin()
    }

    fn insert(&mut self, job: &JobEnvelope) -> Result<(), BoxError> {
        self.waiting.push_back(job.id());
        Ok(())
    }

    fn take(&mut self) -> Result<Option<JobId>, BoxError> {
        let job = self.waiting.pop_front();
        self.running.extend(job);
        Ok(job)
    }

    fn complete(&mut self, job: JobId) -> Result<(), BoxError> {
        let at = self.running.iter().position(|running| *running == job);
        self.running.remove(at.ok_or("it doesn't run")?);
        Ok(())
    }
}

#[test]
fn a_queue_is_measured_against_its_floor_at_one_few_and_many_tenants() {
    let folder = TempDir::new().unwrap();
    let subject = Queueing::<true>::start();
    trial(folder.path()).jobs(&subject).unwrap();
    let json = json_of(folder.path());
    assert_eq!(texts(&json, "subjects", "name"), ["memory-jobs"]);
    assert_eq!(
        texts(&json, "benchmarks", "operation"),
        [
            "plain table: insert",
            "put in, in a transaction of its own",
            "plain table: take",
            "reserve",
            "plain table: take and complete",
            "reserve and complete",
            "plain table: take and complete, again",
        ],
        "and nothing that the adapter can't do"
    );
    assert_eq!(
        texts(&json, "rates", "operation"),
        [
            "reserve and complete: 1 tenant, 1 worker",
            "reserve and complete: 2 tenants, 1 worker",
            "reserve and complete: 4 tenants, 1 worker",
            "reserve and complete: 1 tenant, 4 workers",
            "reserve and complete: 2 tenants, 4 workers",
            "reserve and complete: 4 tenants, 4 workers",
        ]
    );
    for (place, rate) in json["rates"].as_array().unwrap().iter().enumerate() {
        assert_eq!(rate["ratio"].is_f64(), place % 3 > 0, "{rate}");
        assert_eq!(rate["met"] == true, place % 3 == 2, "{rate}");
        assert!(rate["slowest"].as_f64().unwrap() <= rate["per_second"].as_f64().unwrap());
    }
    let budget = json["budget"].as_array().unwrap();
    let overhead = budget.iter().find(|row| row["operation"] == "job overhead");
    assert_eq!(overhead.unwrap()["measured"]["adapter"], "memory-jobs");
}

#[test]
fn a_handler_that_never_begins_is_an_error_and_nothing_is_kept() {
    let folder = TempDir::new().unwrap();
    let error = trial(folder.path())
        .jobs(&Queueing::<false>::start())
        .unwrap_err();
    assert!(matches!(
        error,
        BenchError::Subject {
            subject: "memory",
            ..
        }
    ));
    assert!(!folder.path().join("subjects").exists());
}
