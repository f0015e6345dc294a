//! The one server of all worlds, which a world stops only while it is alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tenantry_conformance::servers::{Postgres, ServerError};

struct Use {
    worlds: usize,
    stopped: bool,
}

static USE: Mutex<Use> = Mutex::new(Use {
    worlds: 0,
    stopped: false,
});
static CHANGED: Condvar = Condvar::new();

pub(super) fn shared() -> &'static Postgres {
    Postgres::shared()
}

/// A world's claim that the server stays up.
pub(super) struct Claim(());

impl Claim {
    pub(super) fn take() -> Self {
        let mut current = wait_while(|current| current.stopped);
        current.worlds += 1;
        Self(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        USE.lock().unwrap_or_else(PoisonError::into_inner).worlds -= 1;
        CHANGED.notify_all();
    }
}

/// Stops the server as a crash would, runs `work`, and starts it again. The caller has the one claim that is left then.
pub(super) fn while_crashed(work: &mut dyn FnMut()) -> Result<(), ServerError> {
    wait_while(|current| current.stopped || current.worlds > 1).stopped = true;
    let result = shared().crash().and_then(|()| {
        work();
        shared().start_again()
    });
    USE.lock().unwrap_or_else(PoisonError::into_inner).stopped = false;
    CHANGED.notify_all();
    result
}

fn wait_while(condition: impl Fn(&Use) -> bool) -> MutexGuard<'static, Use> {
    let current = USE.lock().unwrap_or_else(PoisonError::into_inner);
    CHANGED
        .wait_while(current, |current| condition(current))
        .unwrap_or_else(PoisonError::into_inner)
}
