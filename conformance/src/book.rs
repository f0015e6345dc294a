//! The book's table of behaviours and adapters, made of the list and of what each adapter claims.
//!
//! Each adapter's claims are kept in `claims/<adapter>.txt` of this crate, a capability a line, those of its job queue in
//! `claims/jobs/<adapter>.txt`, and that it keeps schedules by an empty `claims/schedules/<adapter>.txt`, as it is for the
//! other ports, so that the table can be made without starting any adapter. An adapter's tests compare the file with its
//! harness by [`claims_are_recorded`], [`job_claims_are_recorded`], [`schedules_are_recorded`] and [`port_is_recorded`], and
//! this crate's compare the table with the book.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::jobs::schedules::{self, ScheduleHarness};
use crate::jobs::{JobHarness, described};
use crate::{Harness, audit, catalogue, domains, membership, operators, requests, tables, usage};

/// The environment variable that, set to `1`, writes the files anew instead of comparing them.
pub const UPDATE: &str = "UPDATE_BOOK";

/// Compares what an adapter claims with its file in `claims/`, or writes that file if [`UPDATE`] says so.
///
/// It is for the adapters of this repository: a host's claims aren't in the book.
///
/// # Panics
/// If the two differ, or the file can't be read or written.
pub fn claims_are_recorded<H: Harness>() {
    let claims = H::claims();
    same_as(&claims_file("", H::ADAPTER), &lines(claims.iter()));
}

/// The same, for the claims of a job queue: its file is called as the adapter, up to a comma.
///
/// # Panics
/// If the two differ, or the file can't be read or written.
pub fn job_claims_are_recorded<H: JobHarness>() {
    let adapter = H::ADAPTER.split(',').next().unwrap_or_default();
    same_as(&claims_file("jobs", adapter), &lines(H::CLAIMS));
}

/// The same, for an adapter's store of schedules, which has nothing to claim: every behaviour is asked of all.
///
/// # Panics
/// If there is no such file, or it can't be written.
pub fn schedules_are_recorded<H: ScheduleHarness>() {
    let adapter = H::ADAPTER.split(',').next().unwrap_or_default();
    same_as(&claims_file("schedules", adapter), "");
}

/// The same, for the adapter of one of the ports whose suites ask every behaviour of all: `members`, `domains`, `audit`,
/// `operators`, `tables`, `usage`, `requests`.
///
/// # Panics
/// If there is no such file, or it can't be written.
pub fn port_is_recorded(suite: &str, adapter: &str) {
    let adapter = adapter.split(',').next().unwrap_or_default();
    same_as(&claims_file(suite, adapter), "");
}

fn lines<C: ToString>(claims: impl IntoIterator<Item = C>) -> String {
    let mut lines = String::new();
    for capability in claims {
        let _ = writeln!(lines, "{}", capability.to_string());
    }
    lines
}

/// Compares the table with the book's, or writes it if [`UPDATE`] says so.
///
/// # Panics
/// If the two differ, or a file can't be read or written.
pub fn table_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/conformance.md");
    same_as(&page, &table());
}

fn claims_folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("claims")
        .join(of)
}

fn claims_file(of: &str, adapter: &str) -> PathBuf {
    claims_folder(of).join(format!("{adapter}.txt"))
}

fn same_as(path: &Path, text: &str) {
    if std::env::var_os(UPDATE).is_some_and(|update| update == "1") {
        fs::write(path, text)
            .unwrap_or_else(|error| panic!("{} can't be written: {error}", path.display()));
    }
    let recorded = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
    assert!(
        recorded == text,
        "{} is out of date: run the same test with {UPDATE}=1",
        path.display()
    );
}

type Claims = BTreeMap<String, Vec<String>>;

fn recorded_claims(of: &str) -> Claims {
    let folder = claims_folder(of);
    let files = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", folder.display()));
    let mut claims = Claims::new();
    for file in files {
        let path = match file {
            Ok(file) => file.path(),
            Err(error) => panic!("{} can't be read: {error}", folder.display()),
        };
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
        let adapter = path.file_stem().unwrap_or_default().to_string_lossy();
        let lines = text.lines().map(str::to_owned).collect();
        claims.insert(adapter.into_owned(), lines);
    }
    claims
}

type Port = (&'static str, &'static str, fn() -> Vec<&'static str>);

/// The ports whose suites ask every behaviour of all: the folder of their claims, their title, and their behaviours.
const PORTS: [Port; 7] = [
    ("requests", "Requests", requests::catalogue),
    ("members", "Members", membership::catalogue),
    ("domains", "Domains", domains::catalogue),
    ("audit", "Audit logs", audit::catalogue),
    ("operators", "Operators", operators::catalogue),
    ("tables", "Browsing of tables", tables::catalogue),
    ("usage", "Usage", usage::catalogue),
];

/// A behaviour as the table shows it.
struct Line {
    group: String,
    name: &'static str,
    needs: Option<String>,
}

fn table() -> String {
    let lines = catalogue().into_iter().map(|behaviour| Line {
        group: behaviour.group.to_string(),
        name: behaviour.name,
        needs: behaviour.needs.map(|needed| needed.to_string()),
    });
    let of_jobs = described().into_iter().map(|behaviour| Line {
        group: format!("Jobs: {}", behaviour.group.replace('_', " ")),
        name: behaviour.name,
        needs: behaviour.needs.map(|needed| needed.to_string()),
    });
    let of_schedules = schedules::described().into_iter().map(|behaviour| Line {
        group: format!("Schedules: {}", behaviour.group),
        name: behaviour.name,
        needs: None,
    });
    let (lines, of_jobs): (Vec<_>, Vec<_>) = (lines.collect(), of_jobs.collect());
    let of_schedules: Vec<_> = of_schedules.collect();
    let of_ports = PORTS.map(|(suite, title, catalogue)| {
        let names = catalogue().into_iter();
        let lines = names.map(|name| Line {
            group: title.into(),
            name,
            needs: None,
        });
        (suite, lines.collect::<Vec<_>>())
    });
    let counted = of_ports.iter().zip(PORTS);
    let counted = counted.map(|((_, lines), (_, title, _))| format!("{} of {title}", lines.len()));
    let counted: Vec<_> = counted.collect();
    let mut page = format!(
        "# What every adapter does\n\n\
         The suite of `tenantry-conformance` holds {} behaviours of tenants and their rows, {} of job queues, {} of their schedules, {}. *yes*: the \
         adapter does it, and a test shows it. *no*: the adapter says so with the typed error `Unsupported`, and a test shows that. This page is \
         made by `{UPDATE}=1 cargo test -p tenantry-conformance --test book`.\n",
        lines.len(),
        of_jobs.len(),
        of_schedules.len(),
        counted.join(", ").to_lowercase()
    );
    tabulate(&mut page, &lines, &recorded_claims(""));
    tabulate(&mut page, &of_jobs, &recorded_claims("jobs"));
    tabulate(&mut page, &of_schedules, &recorded_claims("schedules"));
    for (suite, lines) in &of_ports {
        tabulate(&mut page, lines, &recorded_claims(suite));
    }
    page
}

fn tabulate(page: &mut String, lines: &[Line], claims: &Claims) {
    let adapters: Vec<_> = claims.keys().map(String::as_str).collect();
    let mut group = "";
    for line in lines {
        if group != line.group {
            group = &line.group;
            heading(page, group, &adapters);
        }
        let _ = write!(page, "| {}", line.name.replace('_', " "));
        for claimed in claims.values() {
            let _ = write!(page, " | {}", answer(line, claimed));
        }
        page.push_str(" |\n");
    }
}

fn heading(page: &mut String, group: &str, adapters: &[&str]) {
    let _ = writeln!(page, "\n## {group}\n");
    let _ = writeln!(page, "| behaviour | {} |", adapters.join(" | "));
    let _ = writeln!(page, "| --- |{}", " --- |".repeat(adapters.len()));
}

fn answer(line: &Line, claimed: &[String]) -> &'static str {
    let does = line
        .needs
        .as_ref()
        .is_none_or(|needed| claimed.contains(needed));
    if does { "yes" } else { "no" }
}
