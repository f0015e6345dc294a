use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry::jobs::JobScope;

use super::{World, work_args};
use crate::surroundings::Running;

#[test]
fn a_program_finds_the_payload_and_whose_job_it_is() {
    for world in World::both() {
        let (acme, globex) = (
            world.put("acme", "work", "facts"),
            world.put("globex", "work", "facts"),
        );
        let shared = world.put_in(JobScope::Shared, "work", "facts");
        let other = world.put("acme", "other", "facts");
        let World { database, tenantry } = world;
        // What the worker's own surroundings name is nobody's job's.
        let tenantry = tenantry.with_env("TENANTRY_TENANT_SLUG", "stray");
        let world = World { database, tenantry };
        let counts = world.work_with(&["--pass-env", "TENANTRY_TENANT_SLUG"]);
        assert_eq!(counts.last().unwrap()["done"], 3);
        for (id, slug, schema) in [
            (&acme, "acme", "tenant_acme"),
            (&globex, "globex", "tenant_globex"),
        ] {
            let found = world.show(id)["output"].clone();
            let expected = json!({
                "scope": "tenant", "tenant": world.id(slug), "slug": slug, "schema": schema, "job": id,
                "kind": "work", "attempt": 1, "actor": "user:42",
            });
            assert_eq!(found, expected);
        }
        let found = world.show(&shared)["output"].clone();
        assert_eq!(found["scope"], "shared");
        assert_eq!((&found["tenant"], &found["slug"]), (&json!(""), &json!("")));
        assert_eq!(
            world.show(&other)["state"],
            "waiting",
            "nobody has a program for it"
        );
    }
}

#[test]
fn its_end_decides_what_becomes_of_the_job() {
    for world in World::both() {
        let jobs: Vec<_> = ["text", "nothing", "later", "crash", "never"]
            .iter()
            .map(|word| world.put("acme", "work", word))
            .collect();
        let counts = world.work();
        let expected = json!({
            "event": "finished", "done": 2, "retried": 2, "dead": 1, "left_waiting": 0, "too_late": 0,
            "failed": false,
        });
        assert_eq!(counts, expected);
        let shown: Vec<_> = jobs.iter().map(|id| world.show(id)).collect();
        assert_eq!(shown[0]["output"], "plain text");
        assert_eq!(
            (&shown[1]["state"], &shown[1]["output"]),
            (&json!("done"), &Value::Null)
        );
        let error = |job: &Value| job["error"].as_str().unwrap().to_owned();
        assert_eq!(
            (&shown[2]["state"], &shown[2]["attempts"]),
            (&json!("waiting"), &json!(1))
        );
        assert!(error(&shown[2]).contains("the mail server is away"));
        assert!(error(&shown[3]).contains("signal"), "{}", error(&shown[3]));
        assert_eq!(shown[3]["state"], "waiting");
        assert_eq!(shown[4]["death"], "permanent_failure");
        assert!(
            error(&shown[4]).contains("exit status: 2"),
            "{}",
            error(&shown[4])
        );
        assert!(error(&shown[4]).contains("there is no such order"));
    }
}

#[test]
fn a_suspended_tenants_job_waits_and_a_deleted_ones_is_a_dead_letter() {
    for world in World::both() {
        let (waits, dies) = (
            world.put("acme", "work", "text"),
            world.put("globex", "work", "text"),
        );
        world.tenantry.ok(&["tenant", "suspend", "acme"]);
        world.tenantry.ok(&["tenant", "suspend", "globex"]);
        world.tenantry.ok(&["tenant", "delete", "globex"]);
        let shown = world.tenantry.ok(&work_args(&["--until-empty"]));
        let line = |text: &str| {
            let line = shown.lines().find(|line| line.contains(text));
            line.unwrap_or_else(|| panic!("no {text} in {shown}"))
        };
        let waits_for = line("its tenant is suspended");
        assert!(waits_for.contains("work of acme"), "{waits_for}");
        assert!(line("tenant_deleted").contains("work of globex"), "{shown}");
        let waiting = world.show(&waits);
        assert_eq!(
            (&waiting["state"], &waiting["attempts"]),
            (&json!("waiting"), &json!(0))
        );
        assert_eq!(world.show(&dies)["death"], "tenant_deleted");
    }
}

/// A worker with a job's program that runs, and what is in the background of that.
struct Busy {
    folder: TempDir,
    worker: Running,
    job: String,
    background: String,
}

impl Busy {
    fn begin(world: World, more: &[&str]) -> (World, Self) {
        let folder = TempDir::new().unwrap();
        let job = world.put("acme", "work", "wait");
        let World { database, tenantry } = world;
        let tenantry = tenantry.with_env("TEST_FOLDER", folder.path().display().to_string());
        let world = World { database, tenantry };
        let passing = [&["--pass-env", "TEST_FOLDER"], more].concat();
        let worker = world.tenantry.start(&work_args(&passing));
        let began = folder.path().join("began");
        eventually("the program runs", || began.exists());
        let background = fs::read_to_string(began).unwrap().trim().to_owned();
        assert!(runs(&background), "something runs in the background");
        let busy = Self {
            folder,
            worker,
            job,
            background,
        };
        (world, busy)
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether there is such a process that isn't dead and unburied.
fn runs(pid: &str) -> bool {
    let facts = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = facts
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

#[test]
fn a_first_signal_waits_for_the_program_that_runs_and_takes_no_other_job() {
    for (world, signal) in World::both().into_iter().zip([Signal::TERM, Signal::INT]) {
        let (world, mut busy) = Busy::begin(world, &["--threads", "1"]);
        let other = world.put("acme", "work", "text");
        busy.worker.signal(signal);
        eventually("it says so", || busy.worker.has_printed("taking no more"));
        assert!(!busy.worker.has_ended());
        fs::write(busy.folder.path().join("go"), "").unwrap();
        let ended = busy.worker.end();
        assert!(ended.success, "{}{}", ended.stdout, ended.stderr);
        assert_eq!(world.show(&busy.job)["state"], "done");
        assert_eq!(world.show(&other)["attempts"], 0);
        assert!(!runs(&busy.background), "what it left behind goes with it");
    }
}

/// Under `nohup`, a worker ignores that its terminal goes away, as these tests' own process does.
fn hangup_if_minded() -> Signal {
    let facts = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = facts.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    match ignored {
        Some(set) if set & 1 == 1 => Signal::TERM,
        _ => Signal::HUP,
    }
}

#[test]
fn a_second_signal_kills_the_programs_whose_jobs_are_given_back_with_all_their_attempts() {
    for world in World::both() {
        let (world, busy) = Busy::begin(world, &[]);
        busy.worker.signal(hangup_if_minded());
        // Two signals of a kind that come together are one.
        eventually("it says so", || busy.worker.has_printed("taking no more"));
        busy.worker.signal(Signal::INT);
        let ended = busy.worker.end();
        assert!(ended.success, "{}{}", ended.stdout, ended.stderr);
        let shown = world.show(&busy.job);
        assert_eq!(
            (&shown["state"], &shown["attempts"]),
            (&json!("waiting"), &json!(0))
        );
        assert!(ended.stdout.contains("isn't counted"), "{}", ended.stdout);
        eventually("the background goes", || !runs(&busy.background));
    }
}

#[test]
fn a_program_is_killed_when_another_worker_has_its_job() {
    for world in World::both() {
        let (world, busy) = Busy::begin(world, &["--lease", "1", "--until-empty"]);
        let leased = |world: &World| world.show(&busy.job)["lease_until"].clone();
        let first = leased(&world);
        eventually("its lease is extended", || leased(&world) != first);
        assert_eq!(world.show(&busy.job)["token"], 1);
        world.database.steal_running_jobs();
        let ended = busy.worker.end();
        assert!(ended.stdout.contains("lease"), "{}", ended.stdout);
        assert!(ended.stdout.contains("1 too late"), "{}", ended.stdout);
        assert!(!runs(&busy.background));
        assert_eq!(
            world.show(&busy.job)["error"],
            Value::Null,
            "a late result changes nothing"
        );
        assert!(!Path::new(&busy.folder.path().join("go")).exists());
    }
}

#[test]
fn a_program_that_takes_too_long_is_killed_and_its_job_tried_again() {
    for world in World::both() {
        let (world, busy) = Busy::begin(world, &["--timeout", "1", "--until-empty"]);
        let ended = busy.worker.end();
        assert!(ended.success, "{}{}", ended.stdout, ended.stderr);
        let shown = world.show(&busy.job);
        assert_eq!(shown["state"], "waiting");
        let error = shown["error"].as_str().unwrap();
        assert!(error.contains("--timeout"), "{error}");
        assert!(!runs(&busy.background));
    }
}

#[test]
fn a_worker_that_cannot_print_any_more_kills_its_programs_and_gives_their_jobs_back() {
    for world in World::both() {
        let folder = TempDir::new().unwrap();
        let job = world.put("acme", "work", "wait");
        let World { database, tenantry } = world;
        let tenantry = tenantry.with_env("TEST_FOLDER", folder.path().display().to_string());
        let world = World { database, tenantry };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let prints = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (heard, _) = listener.accept().unwrap();
        let stdout = OwnedFd::from(prints);
        let args = work_args(&["--pass-env", "TEST_FOLDER"]);
        let mut worker = world.tenantry.start_printing_to(&args, stdout);
        eventually("the program runs", || folder.path().join("began").exists());
        // A connection is reset by an end that leaves something unread.
        heard.peek(&mut [0]).unwrap();
        drop(heard);
        kill_process(Pid::from_child(&worker), Signal::TERM).unwrap();
        // The program waits for a file that never comes.
        let mut ended = None;
        eventually("it ends", || {
            ended = worker.try_wait().unwrap();
            ended.is_some()
        });
        assert!(!ended.unwrap().success(), "it couldn't say what it did");
        let shown = world.show(&job);
        assert_eq!(
            (&shown["state"], &shown["attempts"]),
            (&json!("waiting"), &json!(0))
        );
    }
}
