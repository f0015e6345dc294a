use std::hint::black_box;

use criterion::Criterion;
use criterion::measurement::WallTime;
use tenantry::ports::{ScopeMode, TenantScopes};
use tenantry::{BoxError, TenantContext};

use crate::error::chain;
use crate::results::Row;
use crate::{Effort, Fleet, Floor, Subject, Work};

const EVERY_WORK: [Work; 3] = [Work::PointRead, Work::InsertAndRead, Work::Nothing];

/// Registers the cost of entering and leaving a scope, and of its floor, in one group.
///
/// Scopes of each of the subject's modes are entered with nothing, one point read, and an insert that is read back, in
/// the same tenant each time; and with one point read in a random tenant of few and of many. The floor's point read
/// is measured once more at the end: its ratio to the first says how far two measurements of one thing are apart.
///
/// # Errors
/// If the floor's connection can't be made.
///
/// # Panics
/// If the subject fails while it is measured, or reads other than the expected number of rows.
pub fn scopes<S: Subject>(
    criterion: &mut Criterion,
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Vec<Row>, BoxError> {
    let mut floor = subject.floor(fleet.warm())?;
    let mut bench = Benches {
        group: criterion.benchmark_group(group_name::<S>()),
        rows: Vec::new(),
        name: group_name::<S>(),
    };
    for transaction in [false, true] {
        for work in EVERY_WORK {
            if let Some(name) = floor_name(transaction, work) {
                bench.add(&name, None, || perform(&mut *floor, transaction, work));
            }
        }
    }
    for mode in subject.modes() {
        for work in EVERY_WORK {
            let name = format!("{}, warm tenant: {}", mode_name(*mode), work.as_str());
            bench.add(&name, Some(floor_of(*mode, work)), || {
                enter(subject, fleet.warm(), *mode, work);
            });
        }
        for among in [effort.few, effort.many] {
            let name = format!(
                "{}, one of {}: point read",
                mode_name(*mode),
                grouped(among)
            );
            bench.add(&name, Some(floor_of(*mode, Work::PointRead)), || {
                enter(subject, fleet.random(among), *mode, Work::PointRead);
            });
        }
    }
    let first = floor_of(ScopeMode::Session, Work::PointRead);
    bench.add(&format!("{first}, again"), Some(first), || {
        perform(&mut *floor, false, Work::PointRead);
    });
    bench.group.finish();
    Ok(bench.rows)
}

/// Enters a scope, does `work` and leaves.
pub(crate) fn enter<S: Subject>(subject: &S, context: &TenantContext, mode: ScopeMode, work: Work) {
    let rows: Result<usize, BoxError> =
        subject
            .scopes()
            .in_tenant(context, mode, |connection| match work {
                Work::Nothing => Ok(0),
                Work::PointRead | Work::InsertAndRead => S::perform(connection, work),
            });
    check(rows, work);
}

/// Does `work` on the floor.
pub(crate) fn perform(floor: &mut dyn Floor, transaction: bool, work: Work) {
    let rows = if transaction {
        floor.perform_in_transaction(work)
    } else {
        floor.perform(work)
    };
    check(rows, work);
}

/// What a scope of this mode is compared with. An empty session scope has no statements, so its cost is counted in point
/// reads.
pub(crate) fn floor_of(mode: ScopeMode, work: Work) -> String {
    let transaction = mode == ScopeMode::Transaction;
    floor_name(transaction, work).unwrap_or_else(|| floor_of(mode, Work::PointRead))
}

pub(crate) fn mode_name(mode: ScopeMode) -> &'static str {
    match mode {
        ScopeMode::Transaction => "transaction scope",
        ScopeMode::Session => "session scope",
    }
}

/// A number as people read it: `1,000`.
pub(crate) fn grouped(number: usize) -> String {
    match (number / 1_000, number % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{},{rest:03}", grouped(thousands)),
    }
}

fn group_name<S: Subject>() -> String {
    format!("{}: scopes", S::NAME)
}

fn floor_name(transaction: bool, work: Work) -> Option<String> {
    match (transaction, work) {
        (false, Work::Nothing) => None,
        (false, work) => Some(format!("pinned: {}", work.as_str())),
        (true, work) => Some(format!("pinned, transaction: {}", work.as_str())),
    }
}

fn check(rows: Result<usize, BoxError>, work: Work) {
    match rows {
        Ok(rows) => assert_eq!(
            black_box(rows),
            work.rows(),
            "rows read by \"{}\"",
            work.as_str()
        ),
        Err(error) => panic!("\"{}\" failed: {}", work.as_str(), chain(&*error)),
    }
}

struct Benches<'a> {
    group: criterion::BenchmarkGroup<'a, WallTime>,
    rows: Vec<Row>,
    name: String,
}

impl Benches<'_> {
    fn add(&mut self, name: &str, floor: Option<String>, mut operation: impl FnMut()) {
        self.group
            .bench_function(name, |bencher| bencher.iter(&mut operation));
        self.rows.push(Row::new(&self.name, name, floor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 999, 1_000, 12_345, 1_000_007].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,000,007"]);
    }

    #[test]
    fn each_scope_is_compared_with_the_same_statements() {
        let found = floor_of(ScopeMode::Transaction, Work::Nothing);
        assert_eq!(found, "pinned, transaction: nothing");
        let found = floor_of(ScopeMode::Session, Work::InsertAndRead);
        assert_eq!(found, "pinned: insert and read");
        let found = floor_of(ScopeMode::Session, Work::Nothing);
        assert_eq!(found, "pinned: point read", "there is nothing to compare");
    }

    #[test]
    #[should_panic(expected = "rows read by \"point read\"")]
    fn a_read_that_finds_no_row_is_no_measurement() {
        check(Ok(0), Work::PointRead);
    }

    #[test]
    #[should_panic(expected = "\"insert and read\" failed: no such table")]
    fn a_statement_that_fails_is_no_measurement() {
        check(Err("no such table".into()), Work::InsertAndRead);
    }
}
