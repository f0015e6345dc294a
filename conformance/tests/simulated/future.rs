use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use tenantry::TenantContext;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry_conformance::{AsyncWork, ProbeError, ScopeFuture};

use super::fault::Fault;
use super::probe::SimulatedProbe;
use super::scopes::SimulatedScopes;

/// A scope on a thread of its own, which rolls back if its future is dropped.
pub(crate) fn scope(
    scopes: SimulatedScopes,
    context: TenantContext,
    work: AsyncWork,
) -> ScopeFuture<'static> {
    let cancel = Arc::new(Cancel {
        dropped: AtomicBool::new(false),
        detached: scopes.store.has(Fault::FutureIsDetached),
    });
    let forgets = scopes.store.has(Fault::FutureForgets);
    let eager = scopes.store.has(Fault::FutureIsEager);
    let run = {
        let cancel = cancel.clone();
        move || {
            scopes
                .in_tenant(&context, ScopeMode::Transaction, |connection| {
                    work(&mut SimulatedProbe::new(connection))?;
                    if cancel.was_dropped() {
                        return Err(ScopeError::Cancelled.into());
                    }
                    if forgets {
                        return Err(ProbeError::OnPurpose);
                    }
                    Ok(())
                })
                .or_else(|error| match error {
                    ProbeError::OnPurpose if forgets => Ok(()),
                    error => Err(error),
                })
        }
    };
    if eager {
        let ended = run();
        return Box::pin(async { ended });
    }
    let on_drop = OnDrop(cancel);
    let running = on_a_thread(run);
    Box::pin(async move {
        let _on_drop = on_drop;
        running.await
    })
}

struct Cancel {
    dropped: AtomicBool,
    detached: bool,
}

impl Cancel {
    fn was_dropped(&self) -> bool {
        !self.detached && self.dropped.load(Ordering::SeqCst)
    }
}

struct OnDrop(Arc<Cancel>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.dropped.store(true, Ordering::SeqCst);
    }
}

type Answer = Result<(), ProbeError>;

#[derive(Default)]
struct Slot {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// Begins `run` on a thread when it is first polled.
fn on_a_thread(
    run: impl FnOnce() -> Answer + Send + 'static,
) -> impl Future<Output = Answer> + Send {
    let slot = Arc::new(Mutex::new(Slot::default()));
    let mut unbegun = Some(run);
    poll_fn(move |context| {
        let mut state = slot.lock().unwrap();
        if let Some(answer) = state.answer.take() {
            return Poll::Ready(answer);
        }
        state.waker = Some(context.waker().clone());
        if let Some(run) = unbegun.take() {
            let slot = slot.clone();
            thread::spawn(move || {
                let answer = run();
                let mut state = slot.lock().unwrap();
                state.answer = Some(answer);
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
            });
        }
        Poll::Pending
    })
}
