use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use futures_lite::future::{block_on, poll_once};
use tenantry::ports::ScopeError;

use crate::world::*;

#[test]
fn an_awaited_scope_commits() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let scope = pool.tenant_async(a.clone(), |c| -> Outcome { Ok(insert(c, 1)?) });
    block_on(scope).expect("committed");
    assert_eq!(world.items(&a), "1");
    let shared = pool.shared_async(|c| -> Outcome<_> { Ok(ask(c, "SELECT value FROM notices")?) });
    assert_eq!(block_on(shared).expect("entered"), "777");
}

#[test]
fn a_scope_whose_future_is_dropped_is_rolled_back() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let mut scope = pool.tenant_async(a.clone(), move |c| -> Outcome {
        insert(c, 1)?;
        begun.send(()).expect("the test listens");
        may_go_on.recv().expect("the test answers");
        Ok(())
    });
    let mut context = Context::from_waker(Waker::noop());
    let polled = std::pin::Pin::new(&mut scope).poll(&mut context);
    assert!(matches!(polled, Poll::Pending));
    has_begun.recv().expect("the work is in the middle");
    drop(scope);
    go_on.send(()).expect("the work goes on");
    settle(&pool);
    assert_eq!(world.items(&a), "");
    assert_eq!(pool.statistics().cleaned, 1, "and the connection is clean");
    let next = pool.tenant(&a, |c| -> Outcome<_> { Ok(values(c)?) });
    assert_eq!(next.expect("entered"), NO_ROWS);
}

#[test]
fn a_future_that_is_dropped_while_it_waits_never_runs_its_work() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |_| -> Outcome {
        let waiting = pool.tenant_async(a.clone(), |_| -> Outcome { panic!("never run") });
        until("it waits", || pool.statistics().waiting == 1);
        drop(waiting);
        Ok(())
    });
    outcome.expect("the one before is fine");
    settle(&pool);
    assert_eq!(pool.statistics().discarded, 0, "nothing panicked");
}

#[test]
fn an_error_of_the_work_and_of_the_scope_come_out_of_the_future() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let failed = pool.tenant_async(a.clone(), |c| -> Outcome {
        insert(c, 1)?;
        Err(Failure::OnPurpose)
    });
    assert!(matches!(block_on(failed), Err(Failure::OnPurpose)));
    assert_eq!(world.items(&a), "");
    let missing = pool.tenant_async(context("nowhere"), |_| -> Outcome { Ok(()) });
    let outcome = block_on(missing);
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaMissing { .. }))
        ),
        "{outcome:?}"
    );
}

#[test]
fn the_future_can_be_sent_to_another_thread() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let mut scope = pool.tenant_async(a.clone(), |c| -> Outcome { Ok(insert(c, 1)?) });
    let _ = block_on(poll_once(&mut scope));
    let joined = std::thread::spawn(move || block_on(scope).map(drop)).join();
    let _ = joined.expect("no panic");
    settle(&pool);
    assert_eq!(world.items(&a), "1");
}
