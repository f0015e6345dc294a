use serde_json::Value;

use super::Load;
use super::turn::Seen;
use crate::Failure;

/// What may be added to what a process has when it has met everybody, in kibibytes, beside a tenth of it.
const SLACK: u64 = 8 * 1024;

pub(super) struct Report {
    load: Load,
    memory_before: u64,
    pub(super) layered: Seen,
    pub(super) mapped: Seen,
}

impl Report {
    pub(super) fn begin(load: &Load, memory_before: u64) -> Self {
        Self {
            load: *load,
            memory_before,
            layered: Seen::default(),
            mapped: Seen::default(),
        }
    }

    #[expect(clippy::print_stdout, reason = "it is what the command is for")]
    pub(super) fn end(
        mut self,
        memory: u64,
        layered: &Value,
        mapped: &Value,
    ) -> Result<(), Failure> {
        let Load {
            connections,
            tenants,
            seconds,
            seed,
        } = self.load;
        println!("{connections} connections, {tenants} tenants, {seconds} s, seed {seed}");
        println!(
            "{:<32} {:>10} {:>10} {:>10}",
            "", "answers", "p50 in ms", "p99 in ms"
        );
        for (name, seen) in [
            ("behind the layer", &mut self.layered),
            ("the same without it", &mut self.mapped),
        ] {
            seen.times.sort_unstable();
            let (p50, p99) = (milliseconds(&seen.times, 50), milliseconds(&seen.times, 99));
            println!(
                "{name:<32} {:>10} {p50:>10.2} {p99:>10.2}",
                seen.times.len()
            );
        }
        println!(
            "{:<32} {:>10} {:>10} {:>10}",
            "", "", "p50 in us", "p99 in us"
        );
        let cost = |figures: &Value, quantile: &str| {
            figures[quantile].as_f64().unwrap_or(f64::NAN) / 1000.0
        };
        for (name, figures) in [
            ("the layer and two stopwatches", layered),
            ("a map and two stopwatches", mapped),
        ] {
            println!(
                "{name:<32} {:>10} {:>10.1} {:>10.1}",
                "",
                cost(figures, "p50"),
                cost(figures, "p99")
            );
        }
        println!(
            "memory behind the layer: {} KiB at first, {memory} KiB at the end",
            self.memory_before
        );
        let (crossings, failures) = (
            self.layered.crossings + self.mapped.crossings,
            self.layered.failures + self.mapped.failures,
        );
        println!("crossings: {crossings}, failures: {failures}");
        let most = self.memory_before + self.memory_before / 10 + SLACK;
        if crossings > 0 {
            return Err(format!("{crossings} answers were another tenant's").into());
        }
        let first = self.layered.first_failure.or(self.mapped.first_failure);
        if let Some(first) = first {
            return Err(format!("{failures} requests failed, the first: {first}").into());
        }
        if self.layered.times.is_empty() || self.mapped.times.is_empty() {
            return Err("nothing was answered".into());
        }
        if memory > most {
            return Err(format!("the memory grew beyond {most} KiB").into());
        }
        Ok(())
    }
}

fn milliseconds(sorted: &[u32], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(f64::NAN, |time| f64::from(*time) / 1000.0)
}
