//! `tenantry jobs work`: a worker whose handlers are programs.
//!
//! ```text
//!  program      ProgramHandler   a job's program: what it finds, and what its end means
//!  environment  Environment      what it inherits of the worker's environment
//!  process      run              a program's life: its pipes, its time, its end
//!  leash        Leash, Leashes   what ends a program from another thread
//!  events       Event            what the threads tell
//!  progress     Progress         what is shown of it
//!  stop         Stop             the signals that end the worker
//! ```

mod environment;
mod events;
mod leash;
mod process;
mod program;
mod progress;
mod stop;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::jobs::{JobPolicy, JobReach, JobWorker};
use tenantry::ports::{JobFilter, JobPage};
use tenantry_memory::RandomBits;
use tenantry_runner::{JobRunner, JobRunnerSettings};

use crate::args::{Run, WorkArgs};
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

use environment::Environment;
use events::{Event, Events};
use leash::Leashes;
use program::ProgramHandler;
use progress::Progress;
use stop::{Stop, Wish};

/// How soon a signal is noticed.
const GLANCE: Duration = Duration::from_millis(20);

pub(super) fn run(
    database: &Database,
    args: &WorkArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    check(&args.runs)?;
    let environment = Arc::new(Environment::of_worker(&args.pass_env)?);
    ask_once(database)?;
    let stop = Stop::on_signals().map_err(CliError::System)?;
    let leashes = Arc::new(Leashes::default());
    let (tell, told) = channel();
    let events = Arc::new(Events::new(tell, Arc::clone(&leashes)));
    let handler = |run: &Run| ProgramHandler {
        program: run.program.clone(),
        environment: Arc::clone(&environment),
        longest: Duration::from_secs(args.timeout),
        leashes: Arc::clone(&leashes),
        events: Arc::clone(&events),
    };
    let worker = worker(database, args, handler);
    let runner = database
        .start_runner(&worker, settings(args), events.clone())
        .map_err(CliError::System)?;
    // The runner's threads alone tell now: when they have ended, the channel has.
    drop((worker, events));
    let mut progress = Progress::new(database, output);
    let shown = progress
        .started(args)
        .and_then(|()| follow(&told, &stop, &runner, &leashes, &mut progress));
    if let Err(error) = shown {
        end_at_once(&runner, &leashes);
        return Err(error);
    }
    runner.stop();
    while let Ok(event) = told.try_recv() {
        progress.show(event)?;
    }
    let failed = progress.finished()?;
    Ok(if args.until_empty && failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Shows what the worker does until it has ended.
fn follow(
    told: &Receiver<Event>,
    stop: &Stop,
    runner: &JobRunner,
    leashes: &Leashes,
    progress: &mut Progress<'_>,
) -> Result<(), CliError> {
    let mut obeyed = Wish::None;
    loop {
        match told.recv_timeout(GLANCE) {
            Ok(event) => progress.show(event)?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                if runner.has_ended() {
                    return Ok(());
                }
            }
        }
        obeyed = obey(stop.wish(), obeyed, runner, leashes, progress)?;
    }
}

/// Nobody would learn what becomes of the programs that run, nor is anybody heeded any more: their jobs are given back.
fn end_at_once(runner: &JobRunner, leashes: &Leashes) {
    runner.stop_taking();
    while !runner.has_ended() {
        // Each time, since a program may have been started meanwhile.
        leashes.pull_all();
        thread::sleep(GLANCE);
    }
}

fn obey(
    wish: Wish,
    obeyed: Wish,
    runner: &JobRunner,
    leashes: &Leashes,
    progress: &mut Progress<'_>,
) -> Result<Wish, CliError> {
    if wish > obeyed {
        runner.stop_taking();
        progress.stopping(wish)?;
    }
    if wish == Wish::Now {
        // Each time, since a program may have been started meanwhile.
        leashes.pull_all();
    }
    Ok(wish)
}

/// Refuses what can't work before any job is taken.
fn check(runs: &[Run]) -> Result<(), CliError> {
    let mut seen = BTreeMap::new();
    for Run { kind, program } in runs {
        if seen.insert(kind, program).is_some() {
            return Err(CliError::TwoPrograms { kind: kind.clone() });
        }
        if !can_be_run(program) {
            return Err(CliError::NoProgram {
                program: program.clone(),
            });
        }
    }
    Ok(())
}

/// Whether there is such a program: at its path, or by its name in `PATH`.
fn can_be_run(program: &Path) -> bool {
    if program.components().count() > 1 {
        return is_program(program);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| is_program(&folder.join(program)))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Says at once if there is no queue.
fn ask_once(database: &Database) -> Result<(), CliError> {
    let filter = JobFilter::dead_letters(JobReach::Everything);
    let page = JobPage {
        after: None,
        size: PageSize::new(1).unwrap_or_default(),
    };
    block_on(database.queue().list(&filter, page))?;
    Ok(())
}

fn worker(
    database: &Database,
    args: &WorkArgs,
    handler: impl Fn(&Run) -> ProgramHandler,
) -> JobWorker {
    let policy = JobPolicy {
        lease_for: Duration::from_secs(args.lease),
        ..JobPolicy::default()
    };
    let (queue, random) = (database.queue(), Arc::new(RandomBits::new()));
    let worker = JobWorker::new(queue, database.repository(), random, policy);
    args.runs.iter().fold(worker, |worker, run| {
        worker.with_handler(run.kind.clone(), Arc::new(handler(run)))
    })
}

fn settings(args: &WorkArgs) -> JobRunnerSettings {
    JobRunnerSettings {
        threads: NonZeroUsize::new(args.threads.into()).unwrap_or(NonZeroUsize::MIN),
        // The program's own limit ends it first.
        longest: Duration::from_secs(args.timeout.saturating_add(args.lease)),
        until_idle: args.until_empty,
        ..JobRunnerSettings::default()
    }
}
