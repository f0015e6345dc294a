//! A report says what was measured, what wasn't, and what it is compared with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use chrono::DateTime;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry_benches::{
    BenchError, Goal, Measured, Operation, Percentiles, Rate, Report, Results, Spent,
};

const PINNED: &str = "pinned: point read";
const SCOPE: &str = "session scope, warm tenant: point read";

fn times(p50_ns: u64, p99_ns: u64) -> Percentiles {
    Percentiles {
        samples: 5_000,
        p50_ns,
        p99_ns,
        max_ns: p99_ns,
    }
}

fn measured(operation: &str, floor: Option<&str>, median_ns: f64) -> Measured {
    Measured {
        group: "postgres: scopes".into(),
        operation: operation.into(),
        floor: floor.map(Into::into),
        median_ns,
        mean_ns: median_ns * 1.1,
        spread_ns: median_ns / 50.0,
    }
}

fn postgres() -> Results {
    Results {
        subject: "postgres".into(),
        conditions: "PostgreSQL 15".into(),
        measured_at: DateTime::UNIX_EPOCH,
        budget: vec![
            Spent {
                operation: Operation::Resolution,
                how: "by slug".into(),
                times: times(120_000, 500_000),
            },
            Spent {
                operation: Operation::WholeRequest,
                how: "transaction scope".into(),
                times: times(300_000, 1_000_000),
            },
        ],
        goals: vec![Goal {
            operation: SCOPE.into(),
            pace: "back to back".into(),
            floor: PINNED.into(),
            times: times(52_000, 90_000),
            floor_times: times(40_000, 80_000),
            limit: 1.5,
        }],
        rates: Vec::new(),
        rows: vec![
            measured(PINNED, None, 40_000.0),
            measured(SCOPE, Some(PINNED), 54_000.0),
            measured("of a floor that was left out", Some("pinned"), 54_000.0),
        ],
    }
}

fn written(results: &[Results]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let subjects = folder.path().join("subjects");
    fs::create_dir_all(&subjects).unwrap();
    for results in results {
        let file = subjects.join(format!("{}.json", results.subject));
        fs::write(file, serde_json::to_string(results).unwrap()).unwrap();
    }
    folder
}

fn shown(results: &[Results]) -> String {
    Report::read(written(results).path()).unwrap().to_string()
}

/// The cells of the line that has these two texts.
fn line(report: &str, one: &str, other: &str) -> Vec<String> {
    let line = report
        .lines()
        .find(|line| line.contains(one) && line.contains(other))
        .unwrap_or_else(|| panic!("no line with {one} and {other} in\n{report}"));
    line.trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect()
}

#[test]
fn the_budget_comes_first_with_the_share_of_each_target() {
    let report = shown(&[postgres()]);
    assert!(report.trim_start().starts_with("Budget"));
    assert_eq!(
        line(&report, "tenant resolution", "postgres"),
        [
            "tenant resolution",
            "postgres",
            "by slug",
            "120 µs",
            "500 µs",
            "5 ms",
            "10 %"
        ],
    );
    assert_eq!(
        line(&report, "whole request", "postgres")[5..],
        ["10 ms", "10 %"]
    );
}

#[test]
fn what_was_not_measured_is_said_to_be_so() {
    let report = shown(&[postgres()]);
    let cells = line(&report, "job overhead", "|");
    assert_eq!(
        cells[1..],
        ["—", "not measured in this run", "—", "—", "10 ms", "—"]
    );
    let cells = line(&report, "schema switch", "|");
    assert_eq!(
        cells[2..],
        ["not measured in this run", "—", "—", "5 ms", "—"]
    );
}

#[test]
fn each_row_has_its_ratio_to_the_floor_that_it_names() {
    let report = shown(&[postgres()]);
    assert_eq!(
        line(&report, SCOPE, "59.4 µs"),
        [SCOPE, "54.0 µs", "59.4 µs", "± 2.0 %", "1.35", PINNED],
    );
    assert_eq!(line(&report, PINNED, "44.0 µs")[4..], ["—", "—"]);
    let cells = line(&report, "left out", "|");
    assert_eq!(cells[4..], ["—", "pinned"], "no ratio without its floor");
}

#[test]
fn a_goal_is_met_or_not_and_the_report_says_which() {
    let met = shown(&[postgres()]);
    assert_eq!(
        line(&met, "postgres: session scope", "|"),
        [
            "postgres: session scope, warm tenant: point read",
            "back to back",
            PINNED,
            "52.0 µs",
            "40.0 µs",
            "1.30",
            "1.50",
            "met"
        ],
    );
    let mut slow = postgres();
    slow.goals[0].times = times(61_000, 90_000);
    let cells = line(&shown(&[slow]), "postgres: session scope", "|");
    assert_eq!(cells[5..], ["1.52", "1.50", "not met"]);
}

#[test]
fn a_report_without_goals_has_no_table_of_them() {
    let mut results = postgres();
    results.goals.clear();
    assert!(!shown(&[results]).contains("Goals"));
}

fn rate(operation: &str, ratio: Option<f64>) -> Rate {
    Rate {
        operation: operation.into(),
        floor: ratio.map(|_| "1 tenant".into()),
        per_second: 1_234.4,
        slowest: 900.0,
        fastest: 1_500.6,
        ratio,
        at_least: ratio.map(|_| 0.8),
    }
}

#[test]
fn rates_come_with_their_rounds_and_what_they_have_to_reach() {
    assert!(!shown(&[postgres()]).contains("Rates"));
    let mut jobs = postgres();
    jobs.rates = vec![
        rate("1 tenant", None),
        rate("100 tenants", Some(0.8)),
        rate("1,000 tenants", Some(0.79)),
    ];
    let report = shown(&[jobs]);
    assert_eq!(
        line(&report, "postgres: 1 tenant", "|")[1..],
        ["—", "1234", "900", "1501", "—", "—", "—"]
    );
    assert_eq!(
        line(&report, "postgres: 100 tenants", "|")[1..],
        ["1 tenant", "1234", "900", "1501", "0.80", "0.80", "met"]
    );
    let cells = line(&report, "postgres: 1,000 tenants", "|");
    assert_eq!(cells[5..], ["0.79", "0.80", "not met"]);
}

#[test]
fn the_json_holds_what_the_tables_show() {
    let folder = written(&[postgres()]);
    let report = Report::read(folder.path()).unwrap();
    let path = report.write_json(folder.path()).unwrap();
    assert_eq!(path, folder.path().join("bench.json"));

    let json = read(&path);
    let of = |list: &str, key: &str, value: &str| -> Value {
        let entries = json[list].as_array().unwrap();
        let found = entries.iter().find(|entry| entry[key] == value);
        found.unwrap_or_else(|| panic!("{value} in {list}")).clone()
    };
    let resolution = of("budget", "operation", "tenant resolution");
    assert_eq!(resolution["target_ns"], 5_000_000);
    assert_eq!(resolution["measured"]["adapter"], "postgres");
    assert_eq!(resolution["measured"]["p99_ns"], 500_000);
    assert_eq!(resolution["measured"]["used"], 0.1);
    assert_eq!(
        of("budget", "operation", "job overhead")["measured"],
        Value::Null
    );
    assert_eq!(of("goals", "adapter", "postgres")["met"], true);
    assert_eq!(of("benchmarks", "operation", SCOPE)["ratio"], 1.35);
    assert_eq!(
        of("benchmarks", "operation", PINNED)["ratio"],
        Value::Null,
        "a floor has none"
    );
    assert_eq!(json["subjects"][0]["conditions"], "PostgreSQL 15");
    assert!(json["machine"]["cores"].as_u64().unwrap() > 0);
}

#[test]
fn subjects_come_by_name_each_with_its_own_groups() {
    let mut memory = postgres();
    memory.subject = "memory".into();
    memory.goals.clear();
    memory.rows.truncate(1);
    memory.rows[0].group = "memory: scopes".into();
    let report = shown(&[postgres(), memory]);
    let at = |text| report.find(text).unwrap();
    assert!(at("memory: scopes") < at("postgres: scopes"));
    assert_eq!(line(&report, "tenant resolution", "memory")[1], "memory");
}

#[test]
fn no_results_and_unreadable_ones_are_told_apart() {
    let nothing = Report::read(TempDir::new().unwrap().path()).unwrap_err();
    assert!(matches!(nothing, BenchError::NothingMeasured { .. }));

    let folder = written(&[postgres()]);
    let broken = folder.path().join("subjects/broken.json");
    fs::write(&broken, json!({ "subject": 7 }).to_string()).unwrap();
    let error = Report::read(folder.path()).unwrap_err();
    assert!(matches!(error, BenchError::Unreadable { path, .. } if path == broken));
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
