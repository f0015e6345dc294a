//! The servers, the processes, and a client of them.

use std::time::{Duration, Instant};

use tenantry::Tenant;
use tenantry_conformance::servers::{Postgres, Redis};
use tenantry_e2e::Failure;
use tenantry_e2e::client::{Answer, Client};
use tenantry_e2e::host::Host;

use crate::process::Process;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take until a part that was started again is of use.
const RECOVERY: Duration = Duration::from_secs(30);

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    OneWeb,
    OtherWeb,
    Worker,
    Postgres,
    Redis,
}

impl Part {
    pub(crate) const ALL: [Self; 5] = [
        Self::OneWeb,
        Self::OtherWeb,
        Self::Worker,
        Self::Postgres,
        Self::Redis,
    ];
}

pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) tenants: Vec<Tenant>,
    webs: [Option<Process>; 2],
    worker: Option<Process>,
    database: String,
    redis_url: String,
    // Last, so that nobody misses them.
    postgres: Postgres,
    redis: Redis,
}

impl World {
    pub(crate) async fn start(tenants: usize) -> Self {
        // Killed processes lose nothing that was committed.
        let postgres = Postgres::builder()
            .setting("synchronous_commit", "on")
            .start()
            .unwrap();
        let redis = Redis::start().unwrap();
        let (database, redis_url) = (postgres.url(), redis.url());
        let host = Host::new(&database, &redis_url).unwrap();
        let tenants = host.provision(tenants).await.unwrap();
        let start = |kind| Some(Process::start(kind, &database, &redis_url));
        Self {
            webs: [start("web"), start("web")],
            worker: start("worker"),
            host,
            tenants,
            database,
            redis_url,
            postgres,
            redis,
        }
    }

    pub(crate) fn kill(&mut self, part: Part) {
        match part {
            Part::OneWeb => self.webs[0] = None,
            Part::OtherWeb => self.webs[1] = None,
            Part::Worker => self.worker = None,
            Part::Postgres => self.postgres.crash().unwrap(),
            Part::Redis => self.redis.stop().unwrap(),
        }
    }

    pub(crate) fn start_again(&mut self, part: Part) {
        let start = |kind| Some(Process::start(kind, &self.database, &self.redis_url));
        match part {
            Part::OneWeb => self.webs[0] = start("web"),
            Part::OtherWeb => self.webs[1] = start("web"),
            Part::Worker => self.worker = start("worker"),
            Part::Postgres => self.postgres.start_again().unwrap(),
            Part::Redis => self.redis.start_again().unwrap(),
        }
    }

    /// Puts a web process that mixes its tenants up into the place of another.
    pub(crate) fn mix_up(&mut self, web: usize) {
        let process = Process::start("web-wrong-map", &self.database, &self.redis_url);
        self.webs[web] = Some(process);
    }

    /// Asks a web process, on a connection of its own.
    pub(crate) async fn ask(
        &self,
        web: usize,
        method: &str,
        tenant: &Tenant,
        path: &str,
    ) -> Result<Answer, Failure> {
        let process = self.webs[web].as_ref().ok_or("the process isn't there")?;
        let mut client = Client::new(process.said.parse()?, PATIENCE);
        let host = format!("{}.example.com", tenant.slug());
        client.ask(method, &host, path).await
    }

    /// Every tenant is served by both processes again, and Redis keeps what it is given.
    pub(crate) async fn works_again(&self, after: Part) {
        let begun = Instant::now();
        for web in 0..2 {
            for tenant in &self.tenants {
                for path in ["/rows", "/cached", "/last"] {
                    while !matches!(self.ask(web, "GET", tenant, path).await, Ok(answer) if answer.status == 200)
                    {
                        assert!(
                            begun.elapsed() < RECOVERY,
                            "after {after:?}, web {web} doesn't answer {path}"
                        );
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }
}
