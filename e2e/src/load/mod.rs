//! Many clients at once on two web processes over the same rows: one behind the layer, one without it.
//!
//! The two have their turns, so that what else the machine does hits both. Each answer has to carry the mark that stands in
//! the rows of the tenant that was asked for.

mod report;
mod turn;

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tenantry::Tenant;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;
use crate::client::Client;
use crate::host::Host;
use report::Report;
use turn::Turn;

/// How a load is made.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many clients ask at once.
    pub connections: usize,
    /// How many tenants there are.
    pub tenants: usize,
    /// For how long, both processes together.
    pub seconds: u64,
    /// Whom each client asks for, in which order.
    pub seed: u64,
}

/// How often each process has its turn.
const ROUNDS: u32 = 5;
/// How long each process has to get warm, at least.
const WARM: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// A web process of our own.
struct Web {
    child: Child,
    address: SocketAddr,
}

impl Web {
    async fn start(database: &str, redis: &str, front: &str) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([front, database, redis])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let said = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).await?;
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }

    /// The memory that the process has, in kibibytes.
    fn memory(&self) -> Result<u64, Failure> {
        let id = self.child.id().ok_or("the web process has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or("no VmRSS")?.parse()?)
    }

    async fn figures(&self) -> Result<serde_json::Value, Failure> {
        let mut client = Client::new(self.address, PATIENCE);
        let answer = client.ask("GET", "figures", "/figures").await?;
        Ok(serde_json::from_str(&answer.body)?)
    }
}

impl Load {
    /// Makes the tenants, starts the processes, and asks. Prints what was seen.
    ///
    /// # Errors
    /// If an answer was another tenant's, or none, if the memory grew, or if it couldn't be tried.
    pub async fn run(&self, database: &str, redis: &str) -> Result<(), Failure> {
        let tenants: Arc<[Tenant]> = Host::new(database, redis)?
            .provision(self.tenants)
            .await?
            .into();
        let layered = Web::start(database, redis, "web").await?;
        let mapped = Web::start(database, redis, "web-without-layer").await?;
        let lasts = Duration::from_secs(self.seconds) / (2 * ROUNDS);
        let turn = |number: u32| Turn {
            tenants: Arc::clone(&tenants),
            connections: self.connections,
            lasts,
            seed: self.seed.wrapping_add(u64::from(number)),
        };
        // What a process needs to have met everybody is neither growth nor the layer's cost.
        for web in [&layered, &mapped] {
            let warm = Turn {
                lasts: lasts.max(WARM),
                ..turn(0)
            };
            warm.ask(web.address).await?;
            web.figures().await?;
        }
        let mut report = Report::begin(self, layered.memory()?);
        for round in 1..=ROUNDS {
            report
                .layered
                .add(turn(2 * round).ask(layered.address).await?);
            report
                .mapped
                .add(turn(2 * round + 1).ask(mapped.address).await?);
        }
        report.end(
            layered.memory()?,
            &layered.figures().await?,
            &mapped.figures().await?,
        )
    }
}
