use std::time::Duration;

/// Tells a runner that jobs were put in, so that it looks before its poll. Signals may be missed: the poll is the floor.
pub trait WakeSignal: Send + 'static {
    /// Whether jobs were put in since the last look. Never waits for a signal.
    fn came(&mut self) -> bool;

    /// How long a signal may lie unnoticed: how often it is asked.
    fn glance(&self) -> Duration;
}

/// No signal at all: jobs are found by the poll.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSignal;

impl WakeSignal for NoSignal {
    fn came(&mut self) -> bool {
        false
    }

    /// How soon a stop is noticed, and how exactly leases are extended.
    fn glance(&self) -> Duration {
        Duration::from_millis(20)
    }
}
