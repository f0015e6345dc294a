use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::jobs::{JobId, NotBegun, Outcome};
use tenantry::ports::JobQueue;

use super::events::{Began, Event};
use super::stop::Wish;
use crate::args::WorkArgs;
use crate::commands::jobs::shown::{Names, Whose};
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

/// Shows what the worker does, a line for each thing that ended.
pub(super) struct Progress<'o> {
    output: &'o mut Output,
    queue: Arc<dyn JobQueue>,
    names: Names<'o>,
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
    pub(super) fn new(database: &'o Database, output: &'o mut Output) -> Self {
        Self {
            output,
            queue: database.queue(),
            names: Names::of(database),
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
            let whose = Some((&*began.kind, &began.whose));
            let more = [
                ("attempt", json!(began.attempt)),
                ("max_attempts", json!(began.most)),
            ];
            self.output.value(&event("began", began.job, whose, more))?;
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
            Outcome::GivenBack(job, _) => (job, "left_waiting"),
            Outcome::TooLate(job) => (job, "too_late"),
            _ => return Ok(()),
        };
        self.count(outcome);
        let running = self.running.remove(&job);
        let looked_up = if running.is_none() {
            self.look_up(job)
        } else {
            None
        };
        let began = running.as_ref().map(|running| &running.began);
        let whose = began
            .map(|began| (&*began.kind, &began.whose))
            .or_else(|| looked_up.as_ref().map(|(kind, whose)| (&**kind, whose)));
        let failure = running
            .as_ref()
            .and_then(|running| running.failure.as_deref());
        let why = match outcome {
            Outcome::Buried(_, reason) => Some(reason.to_string()),
            Outcome::GivenBack(_, why) => Some(reason_to_wait(why).to_owned()),
            _ => None,
        };
        if self.output.is_json() {
            let took = running.as_ref().map(|running| running.took.as_millis());
            let more = [
                ("milliseconds", json!(took)),
                ("error", json!(failure)),
                ("why", json!(why)),
            ];
            return self.output.value(&event(word, job, whose, more));
        }
        let of = match &running {
            Some(running) => named(running),
            None => name(job, whose),
        };
        let error = failure.map(one_line).unwrap_or_default();
        let why = why.unwrap_or_default();
        match outcome {
            Outcome::Completed(_) => self.output.good(&of),
            Outcome::Retried(_) => {
                let text = format!("{of} is tried again later: {error}");
                self.output.doubtful(&text)
            }
            Outcome::Buried(..) => {
                let error = if error.is_empty() {
                    error
                } else {
                    format!(": {error}")
                };
                self.output
                    .bad(&format!("{of} is a dead letter ({why}){error}"))
            }
            Outcome::GivenBack(..) => self.output.doubtful(&format!("{of} waits: {why}")),
            _ => self
                .output
                .doubtful(&format!("{of} came too late, and isn't counted")),
        }
    }

    /// Of a job whose program wasn't started nobody has told more than the id. It goes unnamed if the queue can't be asked.
    fn look_up(&mut self, job: JobId) -> Option<(String, Whose)> {
        let record = block_on(self.queue.find(job)).ok()?;
        let whose = self.names.get(record.job.scope()).ok()?;
        Some((record.job.kind().to_string(), whose))
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
        let began = self.running.get(&job).map(|running| &running.began);
        let whose = began.map(|began| (&*began.kind, &began.whose));
        if self.output.is_json() {
            return self.output.value(&event("lost", job, whose, []));
        }
        let of = name(job, whose);
        self.output
            .doubtful(&format!("the lease of {of} is lost: its program is killed"))
    }

    fn failed(&mut self, causes: &[String]) -> Result<(), CliError> {
        self.failed = true;
        let error = causes.join(": ");
        if self.output.is_json() {
            let value = json!({ "event": "failed", "error": error });
            return self.output.value(&value);
        }
        self.output.bad(&error)
    }
}

/// What happened to a job, with its kind and whose it is, as far as that is known.
fn event<const N: usize>(
    word: &str,
    job: JobId,
    whose: Option<(&str, &Whose)>,
    more: [(&'static str, Value); N],
) -> Value {
    let mut fields = serde_json::Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put("event", json!(word));
    put("job", json!(job));
    put("kind", json!(whose.map(|(kind, _)| kind)));
    for (key, value) in whose.map_or(
        [("tenant", Value::Null), ("slug", Value::Null)],
        |(_, of)| of.fields(),
    ) {
        put(key, value);
    }
    for (key, value) in more {
        put(key, value);
    }
    Value::Object(fields)
}

fn name(job: JobId, whose: Option<(&str, &Whose)>) -> String {
    match whose {
        Some((kind, of)) => format!("{kind} of {}, {job}", of.name()),
        None => format!("job {job}"),
    }
}

fn named(running: &Running) -> String {
    let Began {
        job,
        kind,
        whose,
        attempt,
        most,
    } = &running.began;
    let of = name(*job, Some((kind, whose)));
    let seconds = running.took.as_secs_f64();
    format!("{of}, attempt {attempt} of {most}, {seconds:.1} s")
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
