use std::time::{Duration, Instant};

use crate::error::CliError;

/// The median of how long `work` takes, over enough rounds for a demo; benchmarks proper are elsewhere.
pub(crate) fn median(mut work: impl FnMut() -> Result<(), CliError>) -> Result<Duration, CliError> {
    const WARM_UP: usize = 50;
    const ROUNDS: usize = 501;

    for _ in 0..WARM_UP {
        work()?;
    }
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        work()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}
