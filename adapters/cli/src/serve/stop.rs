use std::io;

use tokio::sync::watch;

/// What whoever sent signals wants: the first stops the server, and the second doesn't wait for requests.
#[derive(Clone)]
pub(super) struct Stop {
    heard: watch::Receiver<u8>,
}

impl Stop {
    /// Begins to hear SIGINT and SIGTERM, which end the process no more. Inside of a runtime.
    pub(super) fn on_signals() -> io::Result<Self> {
        let (tell, heard) = watch::channel(0_u8);
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            while !tell.is_closed() {
                signals.next().await;
                tell.send_modify(|count| *count = count.saturating_add(1));
            }
        });
        Ok(Self { heard })
    }

    /// Waits for the first signal.
    pub(super) async fn asked(&self) {
        self.count_of(1).await;
    }

    /// Waits for the second one.
    pub(super) async fn asked_again(&self) {
        self.count_of(2).await;
    }

    pub(super) fn is_asked(&self) -> bool {
        *self.heard.borrow() > 0
    }

    async fn count_of(&self, wanted: u8) {
        let mut heard = self.heard.clone();
        if heard.wait_for(|count| *count >= wanted).await.is_err() {
            // Nobody listens to signals any more: none will come.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        let Self {
            interrupt,
            terminate,
        } = self;
        futures_lite::future::or(interrupt.recv(), terminate.recv()).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
