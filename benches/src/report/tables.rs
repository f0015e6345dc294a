use std::fmt;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::units::{number, percent, rate, ratio, time};
use crate::budget::Operation;
use crate::results::Results;

const NOTHING: &str = "—";

pub(super) fn show(subjects: &[Results], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    section(f, "Budget", &budget(subjects))?;
    if subjects.iter().any(|subject| !subject.goals.is_empty()) {
        section(f, "Goals", &goals(subjects))?;
    }
    if subjects.iter().any(|subject| !subject.rates.is_empty()) {
        section(f, "Rates", &rates(subjects))?;
    }
    for subject in subjects {
        for group in groups(subject) {
            section(f, group, &benchmarks(subject, group))?;
        }
    }
    f.write_str("\nConditions\n\n")?;
    for subject in subjects.iter().filter(|s| !s.conditions.is_empty()) {
        writeln!(f, "- {}: {}", subject.subject, subject.conditions)?;
    }
    Ok(())
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, table: &Table) -> fmt::Result {
    writeln!(f, "\n{title}\n\n{table}")
}

fn budget(subjects: &[Results]) -> Table {
    let header = [
        "operation",
        "adapter",
        "how",
        "p50",
        "p99",
        "target",
        "used",
    ];
    let mut table = table(&header, 3);
    for operation in Operation::ALL {
        let target = operation.target();
        let goes_to = number(u64::try_from(target.as_nanos()).unwrap_or(u64::MAX));
        let mut measured = false;
        for subject in subjects {
            for spent in subject.budget.iter().filter(|s| s.operation == operation) {
                measured = true;
                table.add_row([
                    operation.as_str().to_owned(),
                    subject.subject.clone(),
                    spent.how.clone(),
                    time(number(spent.times.p50_ns)),
                    time(number(spent.times.p99_ns)),
                    format!("{} ms", target.as_millis()),
                    percent(number(spent.times.p99_ns) / goes_to),
                ]);
            }
        }
        if !measured {
            table.add_row([
                operation.as_str(),
                NOTHING,
                "not measured in this run",
                NOTHING,
                NOTHING,
                &format!("{} ms", target.as_millis()),
                NOTHING,
            ]);
        }
    }
    table
}

fn goals(subjects: &[Results]) -> Table {
    let header = [
        "goal",
        "pace",
        "floor",
        "p50",
        "floor's p50",
        "ratio",
        "limit",
        "",
    ];
    let mut table = table(&header, 3);
    for subject in subjects {
        for goal in &subject.goals {
            table.add_row([
                format!("{}: {}", subject.subject, goal.operation),
                goal.pace.clone(),
                goal.floor.clone(),
                time(number(goal.times.p50_ns)),
                time(number(goal.floor_times.p50_ns)),
                ratio(goal.ratio()),
                ratio(goal.limit),
                is_met(goal.is_met()),
            ]);
        }
    }
    table
}

fn rates(subjects: &[Results]) -> Table {
    let header = [
        "operation",
        "to this floor",
        "a second",
        "slowest round",
        "fastest round",
        "ratio",
        "at least",
        "",
    ];
    let mut table = table(&header, 2);
    let nothing = || NOTHING.to_owned();
    for subject in subjects {
        for measured in &subject.rates {
            table.add_row([
                format!("{}: {}", subject.subject, measured.operation),
                measured.floor.clone().unwrap_or_else(nothing),
                rate(measured.per_second),
                rate(measured.slowest),
                rate(measured.fastest),
                measured.ratio.map_or_else(nothing, ratio),
                measured.at_least.map_or_else(nothing, ratio),
                measured.is_met().map_or_else(nothing, is_met),
            ]);
        }
    }
    table
}

fn is_met(met: bool) -> String {
    String::from(if met { "met" } else { "not met" })
}

/// The groups that were measured, in the order of their rows.
fn groups(subject: &Results) -> Vec<&str> {
    let mut groups: Vec<&str> = subject.rows.iter().map(|row| row.group.as_str()).collect();
    groups.dedup();
    groups
}

fn benchmarks(subject: &Results, group: &str) -> Table {
    let rows = || subject.rows.iter().filter(|row| row.group == group);
    let compared = rows().any(|row| row.floor.is_some());
    let mut header = vec!["operation", "median", "mean", "spread"];
    if compared {
        header.extend(["ratio", "to this floor"]);
    }
    let mut table = table(&header, 1);
    for row in rows() {
        let mut cells = vec![
            row.operation.clone(),
            time(row.median_ns),
            time(row.mean_ns),
            format!("± {}", percent(row.spread_ns / row.median_ns)),
        ];
        if compared {
            let nothing = || NOTHING.to_owned();
            cells.push(subject.ratio(row).map_or_else(nothing, ratio));
            cells.push(row.floor.clone().unwrap_or_else(nothing));
        }
        table.add_row(cells);
    }
    if let Some(floors) = table.column_mut(5) {
        floors.set_cell_alignment(CellAlignment::Left);
    }
    table
}

/// A table whose first columns are text, and the others numbers.
fn table(header: &[&str], texts: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
