use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tenantry::jobs::{JobId, NotBegun, Outcome};

use super::events::{Began, Event};
use super::stop::Wish;
use crate::args::WorkArgs;
use crate::error::CliError;
use crate::output::Output;

/// Shows what the worker does, a line for each thing that ended.
pub(super) struct Progress<'o> {
    output: &'o mut Output,
    running: HashMap<JobId, Running>,
    counts: Counts,
    failed: bool,
}

struct Running {
    began: Began,
    took: Duration,
    failure: Option<String>,
}

#[derive(Default)]
struct Counts {
    done: u64,
    retried: u64,
    dead: u64,
    waiting: u64,
    late: u64,
}

impl<'o> Progress<'o> {
    pub(super) fn new(output: &'o mut Output) -> Self {
        Self {
            output,
            running: HashMap::new(),
            counts: Counts::default(),
            failed: false,
        }
    }

    pub(super) fn started(&mut self, args: &WorkArgs) -> Result<(), CliError> {
        let kinds: Vec<_> = args.runs.iter().map(|run| run.kind.to_string()).collect();
        if self.output.is_json() {
            let value = json!({ "event": "started", "kinds": kinds, "threads": args.threads });
            return self.output.value(&value);
        }
        let kinds = kinds.join(", ");
        let text = format!("working on {kinds}, {} jobs at once", args.threads);
        self.output.heading(&text)
    }

    pub(super) fn stopping(&mut self, wish: Wish) -> Result<(), CliError> {
        let now = wish == Wish::Now;
        if self.output.is_json() {
            let value = json!({ "event": "stopping", "now": now });
            return self.output.value(&value);
        }
        self.output.aside(if now {
            "killing the programs that run"
        } else {
            "taking no more jobs, and waiting for the programs that run; once more kills them"
        })
    }

    pub(super) fn show(&mut self, event: Event) -> Result<(), CliError> {
        match event {
            Event::Began(began) => self.began(*began),
            Event::Ended { job, took, failure } => {
                if let Some(running) = self.running.get_mut(&job) {
                    running.took = took;
                    running.failure = failure;
                }
                Ok(())
            }
            Event::Settled(outcome) => self.settled(outcome),
            Event::Lost(job) => self.lost(job),
            Event::Failed(causes) => self.failed(&causes),
        }
    }

    /// The last line, and whether the queue or the store of tenants ever failed.
    pub(super) fn finished(self) -> Result<bool, CliError> {
        let Counts {
            done,
            retried,
            dead,
            waiting,
            late,
        } = self.counts;
        let text = format!(
            "{done} done, {retried} to be tried again, {dead} dead, {waiting} left waiting, {late} too late"
        );
        let value = json!({
            "event": "finished", "done": done, "retried": retried, "dead": dead, "left_waiting": waiting,
            "too_late": late, "failed": self.failed,
        });
        self.output.answer(&text, &value)?;
        Ok(self.failed)
    }

    fn began(&mut self, began: Began) -> Result<(), CliError> {
        if self.output.is_json() {
            let Began {
                job,
                kind,
                tenant,
                attempt,
                most: _,
            } = &began;
            self.output.value(&json!({
                "event": "began", "job": job, "kind": kind, "slug": tenant, "attempt": attempt,
            }))?;
        }
        let running = Running {
            began,
            took: Duration::ZERO,
            failure: None,
        };
        self.running.insert(running.began.job, running);
        Ok(())
    }

    fn settled(&mut self, outcome: Outcome) -> Result<(), CliError> {
        let (job, word) = match outcome {
            Outcome::Completed(job) => (job, "done"),
            Outcome::Retried(job) => (job, "retried"),
            Outcome::Buried(job, _) => (job, "dead"),
            Outcome::GivenBack(job, _) => (job, "waits"),
            Outcome::TooLate(job) => (job, "too late"),
            _ => return Ok(()),
        };
        let running = self.running.remove(&job);
        let failure = running.as_ref().and_then(|running| running.failure.clone());
        if self.output.is_json() {
            self.count(outcome);
            let took = running.map(|running| running.took.as_millis());
            let why = match outcome {
                Outcome::Buried(_, reason) => Some(reason.to_string()),
                Outcome::GivenBack(_, why) => Some(reason_to_wait(why).to_owned()),
                _ => None,
            };
            return self.output.value(&json!({
                "event": word, "job": job, "milliseconds": took, "error": failure, "why": why,
            }));
        }
        let of = running.map_or_else(|| job.to_string(), |running| named(&running));
        let error = failure.as_deref().map(one_line).unwrap_or_default();
        self.count(outcome);
        match outcome {
            Outcome::Completed(_) => self.output.good(&of),
            Outcome::Retried(_) => self
                .output
                .doubtful(&format!("{of} is tried again later: {error}")),
            Outcome::Buried(_, reason) => self.output.bad(&format!(
                "{of} is a dead letter ({reason}){}",
                if error.is_empty() {
                    String::new()
                } else {
                    format!(": {error}")
                }
            )),
            Outcome::GivenBack(_, why) => self
                .output
                .doubtful(&format!("{of} waits: {}", reason_to_wait(why))),
            Outcome::TooLate(_) => self
                .output
                .doubtful(&format!("{of} came too late, and isn't counted")),
            _ => Ok(()),
        }
    }

    fn count(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Completed(_) => &mut self.counts.done,
            Outcome::Retried(_) => &mut self.counts.retried,
            Outcome::Buried(..) => &mut self.counts.dead,
            Outcome::GivenBack(..) => &mut self.counts.waiting,
            Outcome::TooLate(_) => &mut self.counts.late,
            _ => return,
        };
        *count += 1;
    }

    fn lost(&mut self, job: JobId) -> Result<(), CliError> {
        if self.output.is_json() {
            let value = json!({ "event": "lost", "job": job });
            return self.output.value(&value);
        }
        self.output.doubtful(&format!(
            "the lease of {job} is lost: its program is killed"
        ))
    }

    fn failed(&mut self, causes: &[String]) -> Result<(), CliError> {
        self.failed = true;
        if self.output.is_json() {
            let value = json!({ "event": "failed", "error": causes });
            return self.output.value(&value);
        }
        self.output.bad(&causes.join(": "))
    }
}

fn named(running: &Running) -> String {
    let Began {
        job,
        kind,
        tenant,
        attempt,
        most,
    } = &running.began;
    let of = tenant.as_deref().unwrap_or("(shared)");
    let seconds = running.took.as_secs_f64();
    format!("{kind} of {of}, {job}, attempt {attempt} of {most}, {seconds:.1} s")
}

fn reason_to_wait(why: NotBegun) -> &'static str {
    match why {
        NotBegun::TenantSuspended => "its tenant is suspended",
        NotBegun::TenantPending => "its tenant isn't provisioned",
        NotBegun::TenantUnknown => "whether its tenant may work isn't known",
        NotBegun::NoHandler => "no program is named for it",
        NotBegun::Interrupted => {
            "its program was killed with the worker, which isn't counted as an attempt"
        }
    }
}

/// What a program wrote, in one line that can't move the cursor.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).take(200).collect()
}
