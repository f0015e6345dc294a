//! Prints what the other benchmarks measured, and writes it as JSON.

mod folder;

use std::env;

use tenantry_benches::{BenchError, Report};

#[expect(
    clippy::print_stdout,
    reason = "the report is for whoever runs the benchmarks"
)]
fn main() -> Result<(), BenchError> {
    if !env::args().any(|argument| argument == "--bench") {
        // `cargo test --benches` wants nothing but a trial.
        return Ok(());
    }
    let folder = folder::results();
    let report = Report::read(&folder)?;
    let path = report.write_json(&folder)?;
    println!("{report}\nAs JSON: {}", path.display());
    Ok(())
}
