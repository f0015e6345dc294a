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

/// Hears SIGINT and SIGTERM.
pub(super) struct Stop {
    heard: Arc<AtomicUsize>,
}

impl Stop {
    /// Begins to hear them. They end the process no more.
    #[cfg(unix)]
    pub(super) fn on_signals() -> io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;

        let heard = Arc::new(AtomicUsize::new(0));
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
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
