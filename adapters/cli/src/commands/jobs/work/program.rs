use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tenantry::jobs::{JobAttempt, JobFailure, JobHandler, JobPayload, JobPlace, TraceContext};

use super::environment::Environment;
use super::events::Events;
use super::leash::{Leash, Leashes, Pulled};
use super::process::{self, Ended};

/// What a program says by exiting so: try again later. It is `EX_TEMPFAIL` of sysexits.h.
const TEMPORARY_FAILURE: i32 = 75;

/// What is kept of an output that was too much ends so.
const CUT: &str = "\n[cut here: a job keeps at most 256 KiB of its output]";

/// Does jobs by starting a program for each.
pub(super) struct ProgramHandler {
    pub(super) program: PathBuf,
    pub(super) environment: Arc<Environment>,
    pub(super) longest: Duration,
    pub(super) leashes: Arc<Leashes>,
    pub(super) events: Arc<Events>,
}

/// It blocks, since each of the runner's threads does one job at a time.
#[async_trait]
impl JobHandler for ProgramHandler {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        self.events.began(attempt);
        let began = Instant::now();
        let leash = self.leashes.hold(&attempt.lease);
        let outcome = self.run_program(attempt, &leash);
        self.leashes.release(&attempt.lease);
        let failure = outcome.as_ref().err();
        self.events
            .ended(attempt.job.id(), began.elapsed(), failure);
        outcome
    }
}

impl ProgramHandler {
    fn run_program(
        &self,
        attempt: &JobAttempt,
        leash: &Leash,
    ) -> Result<Option<JobPayload>, JobFailure> {
        let input = attempt.job.payload().as_json().as_bytes().to_vec();
        let ended = process::run(self.command(attempt), input, leash, self.longest);
        // The program is at fault, not the job: somebody may mend it before the next attempt.
        let ended = ended.map_err(|error| {
            let program = self.program.display();
            JobFailure::transient(format!("{program} can't be run: {error}"))
        })?;
        judge(&ended)
    }

    fn command(&self, attempt: &JobAttempt) -> Command {
        let mut command = Command::new(&self.program);
        self.environment.give(&mut command);
        let job = &attempt.job;
        command
            .env("TENANTRY_JOB_ID", job.id().to_string())
            .env("TENANTRY_JOB_KIND", job.kind().as_str())
            .env("TENANTRY_JOB_ATTEMPT", job.attempts().to_string())
            .env(
                "TENANTRY_JOB_MAX_ATTEMPTS",
                job.max_attempts().number().to_string(),
            )
            .env("TENANTRY_JOB_ACTOR", job.actor().as_str());
        name_place(&mut command, &attempt.place);
        name_trace(&mut command, job.trace());
        command
    }
}

/// Names the tenant, or nobody: what the worker's own surroundings name is never inherited, even if `--pass-env` names it.
fn name_place(command: &mut Command, place: &JobPlace) {
    match place {
        JobPlace::Tenant(context) => command
            .env("TENANTRY_JOB_SCOPE", "tenant")
            .env("TENANTRY_TENANT_ID", context.id().to_string())
            .env("TENANTRY_TENANT_SLUG", context.slug().as_str())
            .env("TENANTRY_TENANT_SCHEMA", context.schema().name.as_str()),
        JobPlace::Shared => command
            .env("TENANTRY_JOB_SCOPE", "shared")
            .env_remove("TENANTRY_TENANT_ID")
            .env_remove("TENANTRY_TENANT_SLUG")
            .env_remove("TENANTRY_TENANT_SCHEMA"),
    };
}

fn name_trace(command: &mut Command, trace: Option<&TraceContext>) {
    command.env_remove("TRACEPARENT").env_remove("TRACESTATE");
    if let Some(trace) = trace {
        command.env("TRACEPARENT", trace.parent());
        if let Some(state) = trace.state() {
            command.env("TRACESTATE", state);
        }
    }
}

/// What the end of a program means for its job.
fn judge(ended: &Ended) -> Result<Option<JobPayload>, JobFailure> {
    let Ended {
        status,
        pulled,
        output,
        cut,
        error,
        error_cut,
    } = ended;
    let failed = |text: &str| with_error(text, error, *error_cut);
    match (pulled, status.code()) {
        // That the worker ends says nothing of the job, so it costs none of its attempts.
        (Some(pulled @ Pulled::Stopped), _) => {
            Err(JobFailure::interrupted(failed(&killed(*pulled))))
        }
        (Some(pulled), _) => Err(JobFailure::transient(failed(&killed(*pulled)))),
        (None, Some(0)) => Ok(kept(output, *cut)),
        (None, Some(TEMPORARY_FAILURE) | None) => {
            Err(JobFailure::transient(failed(&said(*status))))
        }
        (None, Some(_)) => Err(JobFailure::permanent(failed(&said(*status)))),
    }
}

fn killed(pulled: Pulled) -> String {
    format!("the program was killed: {pulled}")
}

fn said(status: ExitStatus) -> String {
    format!("the program ended with {status}")
}

fn with_error(text: &str, error: &[u8], cut: bool) -> String {
    let error = String::from_utf8_lossy(error);
    match error.trim() {
        "" => text.to_owned(),
        error if cut => format!("{text}\n[only the end of what it wrote is kept]\n{error}"),
        error => format!("{text}\n{error}"),
    }
}

/// JSON is kept as it is, anything else as a JSON text, and nothing as nothing. Of what is too much the beginning is kept,
/// which says that it is one.
fn kept(output: &[u8], cut: bool) -> Option<JobPayload> {
    let text = String::from_utf8_lossy(output);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if !cut && let Some(whole) = whole(text) {
        return Some(whole);
    }
    // Escapes make a text longer, six times at most.
    let mut length = text.len();
    loop {
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let beginning = format!("{}{CUT}", &text[..length]);
        if let Ok(payload) = JobPayload::of(&beginning) {
            return Some(payload);
        }
        length -= (length / 16).max(1);
    }
}

fn whole(text: &str) -> Option<JobPayload> {
    let json = JobPayload::from_json(text);
    json.or_else(|_| JobPayload::of(text)).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn ended(status: i32, output: &str, error: &str) -> Ended {
        Ended {
            status: ExitStatus::from_raw(status),
            pulled: None,
            output: output.into(),
            cut: false,
            error: error.into(),
            error_cut: false,
        }
    }

    /// What an exit code is in a status.
    fn exit(code: i32) -> i32 {
        code << 8
    }

    #[test]
    fn success_keeps_json_as_it_is_and_a_text_as_a_text() {
        let gave = |output: &str| judge(&ended(0, output, "")).unwrap();
        assert_eq!(gave(" {\"a\": 1}\n").unwrap().as_json(), "{\"a\": 1}");
        assert_eq!(gave("two\nlines\n").unwrap().as_json(), r#""two\nlines""#);
        assert_eq!(gave(" \n"), None);
    }

    #[test]
    fn only_an_exit_status_that_is_neither_zero_nor_75_is_final() {
        for (status, lasting) in [
            (exit(75), false),
            (exit(1), true),
            (exit(127), true),
            (9, false),
            (11, false),
        ] {
            let failure = judge(&ended(status, "", "it broke")).unwrap_err();
            assert_eq!(failure.is_permanent(), lasting, "{status}");
            assert!(failure.error().as_str().ends_with("\nit broke"));
        }
    }

    #[test]
    fn of_a_long_standard_error_it_is_said_that_only_the_end_is_kept() {
        let long = Ended {
            error_cut: true,
            ..ended(exit(1), "", "the end")
        };
        let failure = judge(&long).unwrap_err();
        let text = failure.error().as_str();
        assert!(
            text.contains("only the end") && text.ends_with("\nthe end"),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_was_killed_is_tried_again_whatever_it_exited_with() {
        for why in [Pulled::LeaseLost, Pulled::Stopped, Pulled::TooLong] {
            let ended = Ended {
                pulled: Some(why),
                ..ended(exit(1), "", "")
            };
            let failure = judge(&ended).unwrap_err();
            assert!(!failure.is_permanent());
            assert_eq!(failure.is_interrupted(), why == Pulled::Stopped);
            assert!(failure.error().as_str().contains(&why.to_string()));
        }
    }

    #[test]
    fn of_what_is_too_much_the_beginning_is_kept_and_says_so() {
        let read = |payload: Option<JobPayload>| payload.unwrap().read::<String>().unwrap();
        for character in ["\u{1}", "a", "\u{20ac}"] {
            let all = character.repeat(process::KEPT_OUTPUT);
            let text = read(kept(all.as_bytes(), false));
            let beginning = text.strip_suffix(CUT).expect("it says so");
            assert!(all.starts_with(beginning));
            let written = kept(all.as_bytes(), false).unwrap().as_json().len();
            let most = JobPayload::MAX_BYTES;
            assert!(
                written > most / 10 * 9,
                "{character:?}: {written} of {most}"
            );
        }
        let list = read(kept(b"[1, 2", true));
        assert_eq!(list, format!("[1, 2{CUT}"));
        let whole = read(kept(b"[1, 2]", true));
        assert_eq!(whole, format!("[1, 2]{CUT}"), "it went on");
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let most = JobPayload::MAX_BYTES - 2;
        let kept = kept("a".repeat(most).as_bytes(), false).unwrap();
        assert_eq!(kept.read::<String>().unwrap().len(), most);
    }
}
