use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What whoever sent signals wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// Nobody sent any.
    None,
    /// Take no more jobs, and wait for those that run.
    Gracefully,
    /// End those that run, too.
    Now,
}

/// Hears SIGINT, SIGTERM and SIGHUP, which a terminal that goes away sends.
pub(super) struct Stop {
    heard: Arc<AtomicUsize>,
}

impl Stop {
    /// Begins to hear them. They end the process no more.
    #[cfg(unix)]
    pub(super) fn on_signals() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;

        let heard = Arc::new(AtomicUsize::new(0));
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        if !is_immune_to_hangup() {
            signals.add_signal(SIGHUP)?;
        }
        let count = Arc::clone(&heard);
        std::thread::Builder::new()
            .name("tenantry-signals".to_owned())
            .spawn(move || {
                for _ in signals.forever() {
                    count.fetch_add(1, Ordering::Release);
                }
            })?;
        Ok(Self { heard })
    }

    /// Elsewhere, signals end the process, and its jobs go to other workers after their leases.
    #[cfg(not(unix))]
    pub(super) fn on_signals() -> io::Result<Self> {
        Ok(Self {
            heard: Arc::new(AtomicUsize::new(0)),
        })
    }

    pub(super) fn wish(&self) -> Wish {
        match self.heard.load(Ordering::Acquire) {
            0 => Wish::None,
            1 => Wish::Gracefully,
            _ => Wish::Now,
        }
    }
}

/// Whether it was started by `nohup`, say, to outlive its terminal: SIGHUP is ignored then, and stays so. Known on Linux.
#[cfg(unix)]
fn is_immune_to_hangup() -> bool {
    let facts = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores_hangup(&facts)
}

#[cfg(unix)]
fn ignores_hangup(facts: &str) -> bool {
    let ignored = facts.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set & (1 << (signal_hook::consts::SIGHUP - 1)) != 0)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_hangup_that_was_to_be_ignored_is() {
        assert!(ignores_hangup("SigBlk:\t0\nSigIgn:\t0000000000000001\n"));
        assert!(!ignores_hangup("SigBlk:\t1\nSigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
