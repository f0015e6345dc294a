//! The one connection in every order in which it is wanted, breaks and is given up: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::future::{block_on, spawn, yield_now};
use tenantry_interleavings::shuttle::sync::atomic::{AtomicUsize, Ordering};

use super::{Held, Holder};

/// A server that takes connections, of which the first ones are refused or break.
struct Server {
    holder: Holder<usize>,
    made: AtomicUsize,
    refuses: usize,
    connecting: AtomicUsize,
}

impl Server {
    fn new(refuses: usize) -> Arc<Self> {
        Arc::new(Self {
            holder: Holder::new(),
            made: AtomicUsize::new(0),
            refuses,
            connecting: AtomicUsize::new(0),
        })
    }

    async fn connect(&self) -> Result<usize, usize> {
        let _connecting = Connecting::begin(&self.connecting);
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        if number < self.refuses {
            Err(number)
        } else {
            Ok(number)
        }
    }

    async fn held(&self) -> Result<Held<usize>, usize> {
        self.holder.get_or_connect(self.connect()).await
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }
}

/// Two at once are one too many.
struct Connecting<'a>(&'a AtomicUsize);

impl<'a> Connecting<'a> {
    fn begin(connecting: &'a AtomicUsize) -> Self {
        let others = connecting.fetch_add(1, Ordering::SeqCst);
        assert_eq!(others, 0, "two connect at once");
        Self(connecting)
    }
}

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Each uses the connection; the first that is made is broken, and is replaced once.
fn three_find_it_broken(discard: fn(&Holder<usize>, u64)) {
    block_on(async {
        let server = Server::new(0);
        let callers = [(); 3].map(|()| {
            let server = server.clone();
            spawn(async move {
                let first = server.held().await.unwrap();
                yield_now().await;
                if first.connection == 0 {
                    discard(&server.holder, first.number);
                    let second = server.held().await.unwrap();
                    assert_eq!(second.connection, 1, "a good connection was forgotten");
                }
            })
        });
        for caller in callers {
            caller.await.unwrap();
        }
        assert_eq!(server.held().await.unwrap().connection, 1);
        assert_eq!(server.made(), 2, "connected again");
    });
}

#[test]
fn a_broken_connection_is_replaced_once_in_whatever_order_it_is_found_out() {
    Exploration::of(3_000).holds(|| three_find_it_broken(Holder::discard));
}

#[test]
fn who_forgets_whatever_connection_there_is_is_found_out() {
    let found =
        Exploration::of(3_000).finds(|| three_find_it_broken(|holder, _| *holder.held() = None));
    assert!(found.is_some());
}

async fn looks_and_connects(server: &Server) -> usize {
    if let Some(held) = server.holder.current() {
        return held.connection;
    }
    let connection = server.connect().await.unwrap();
    *server.holder.held() = Some(Held {
        connection,
        number: 0,
    });
    connection
}

/// Three want it at once.
fn three_want_it<F>(want: impl Fn(Arc<Server>) -> F)
where
    F: Future<Output = usize> + Send + 'static,
{
    block_on(async {
        let server = Server::new(0);
        let callers = [(); 3].map(|()| spawn(want(server.clone())));
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 0);
        }
        assert_eq!(server.made(), 1, "connected again");
    });
}

#[test]
fn one_connects_for_all_in_whatever_order_they_come() {
    Exploration::of(3_000).holds(|| {
        three_want_it(|server| async move { server.held().await.unwrap().connection });
    });
}

#[test]
fn who_looks_and_then_connects_is_found_out() {
    let found = Exploration::of(3_000)
        .finds(|| three_want_it(|server| async move { looks_and_connects(&server).await }));
    // By the server, if both connect at once, or by whoever gets the second connection.
    assert!(found.is_some());
}

#[test]
fn who_is_refused_tells_nobody_else_and_the_next_connects_in_whatever_order() {
    Exploration::of(3_000).holds(|| {
        block_on(async {
            let server = Server::new(1);
            let callers = [(); 3].map(|()| {
                let server = server.clone();
                spawn(async move { server.held().await.is_err() })
            });
            let mut refused = 0;
            for caller in callers {
                refused += usize::from(caller.await.unwrap());
            }
            assert_eq!((refused, server.made()), (1, 2));
        });
    });
}

#[test]
fn who_gives_up_while_connecting_keeps_nobody_waiting_in_whatever_order() {
    Exploration::of(3_000).holds(|| {
        block_on(async {
            let server = Server::new(0);
            let callers = [(); 3].map(|()| {
                let server = server.clone();
                spawn(async move { server.held().await.unwrap().connection })
            });
            let [dropped, second, third] = callers;
            spawn(async move { dropped.abort() }).await.unwrap();
            assert_eq!(second.await.unwrap(), third.await.unwrap());
            assert!(server.made() <= 2, "once more than one was dropped");
        });
    });
}
