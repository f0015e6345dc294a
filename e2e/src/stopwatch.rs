//! What stands between two places of a stack costs, request by request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};

/// Times in buckets that are a sixteenth of their size apart. It takes the same room however much is counted.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    buckets: Vec<AtomicU64>,
}

#[derive(Clone, Copy)]
struct Began(Instant);

impl Stopwatch {
    /// Sixteen for each doubling.
    const STEPS: u64 = 16;

    pub(crate) fn new() -> Self {
        let buckets = 64 * Self::STEPS;
        Self {
            buckets: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The outer place.
    pub(crate) async fn start(mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(Began(Instant::now()));
        next.run(request).await
    }

    /// The inner one.
    pub(crate) async fn stop(
        stopwatch: State<Arc<Self>>,
        request: Request,
        next: Next,
    ) -> Response {
        if let Some(Began(began)) = request.extensions().get() {
            stopwatch.count(began.elapsed());
        }
        next.run(request).await
    }

    fn count(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos())
            .unwrap_or(u64::MAX)
            .max(Self::STEPS);
        let doublings = u64::from(nanoseconds.ilog2());
        let step = (nanoseconds >> (doublings - 4)) % Self::STEPS;
        let index = usize::try_from(doublings * Self::STEPS + step).unwrap_or(usize::MAX);
        if let Some(bucket) = self.buckets.get(index) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted since the last time, as JSON, in nanoseconds.
    pub(crate) fn figures(&self) -> Json<Value> {
        let counts = self.take();
        Json(json!({ "p50": quantile(&counts, 500), "p99": quantile(&counts, 990) }))
    }

    fn take(&self) -> Vec<u64> {
        let buckets = self.buckets.iter();
        buckets
            .map(|bucket| bucket.swap(0, Ordering::Relaxed))
            .collect()
    }
}

/// The time, in nanoseconds, that so many of a thousand don't exceed.
fn quantile(counts: &[u64], of_thousand: u64) -> u64 {
    let all: u64 = counts.iter().sum();
    let mut left = all * of_thousand / 1000;
    for (index, count) in (0..).zip(counts) {
        if left < *count {
            let (doublings, step) = (index / Stopwatch::STEPS, index % Stopwatch::STEPS);
            return (Stopwatch::STEPS + step) << doublings.saturating_sub(4);
        }
        left -= count;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_as_exact_as_the_steps() {
        let stopwatch = Stopwatch::new();
        for microseconds in 1..=1000 {
            stopwatch.count(Duration::from_micros(microseconds));
        }
        let counts = stopwatch.take();
        for (of_thousand, expected) in [(500, 500_000_u64), (990, 990_000)] {
            let found = quantile(&counts, of_thousand);
            let apart = found.abs_diff(expected);
            assert!(apart <= expected / 16, "{found} for {expected}");
        }
        assert_eq!(stopwatch.take().iter().sum::<u64>(), 0, "it begins anew");
    }
}
