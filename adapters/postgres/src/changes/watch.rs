use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_channel::Sender;
use diesel::result::Error;
use parking_lot::Mutex;
use tenantry::ports::ChangeSignal;

use super::WhyCut;
use super::feed::Told;
use super::line::Line;
use crate::{PostgresConfig, SharedSchema};

/// How long a signal may lie unnoticed. Each look reads what the socket holds, and asks no server.
const GLANCE: Duration = Duration::from_millis(5);
/// How often the table is read, whether anything was heard or not.
const ROUND: Duration = Duration::from_millis(250);
/// How long to wait before a connection is tried again, at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What the thread of a feed does.
pub(super) struct Watch {
    pub(super) config: PostgresConfig,
    pub(super) shared: SharedSchema,
    pub(super) telling: Sender<Told>,
    pub(super) why: Arc<Mutex<Option<WhyCut>>>,
}

/// Nobody reads any more.
pub(super) struct Unread;

enum Ended {
    Unread,
    Cut(Error),
}

impl From<Unread> for Ended {
    fn from(_: Unread) -> Self {
        Self::Unread
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Cut(error)
    }
}

impl Watch {
    /// One line after another, until nobody reads: that is noticed within a [`ROUND`], or one attempt to connect.
    pub(super) fn run(&self) -> Result<Infallible, Unread> {
        let mut seen = None;
        let mut pause = GLANCE;
        loop {
            match Line::open(&self.config, &self.shared, seen.clone()) {
                Ok(mut line) => {
                    pause = GLANCE;
                    *self.why.lock() = None;
                    self.tell(ChangeSignal::Connected)?;
                    match self.listen(&mut line) {
                        Ok(never) => match never {},
                        Err(Ended::Unread) => return Err(Unread),
                        Err(Ended::Cut(error)) => self.note(WhyCut::of(&error, &self.config)),
                    }
                    seen = Some(line.into_seen());
                }
                Err(why) => self.note(why),
            }
            self.tell(ChangeSignal::Cut)?;
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells what is heard until the line is cut.
    fn listen(&self, line: &mut Line) -> Result<Infallible, Ended> {
        let mut last_round: Option<Instant> = None;
        loop {
            let heard = line.heard()?;
            let rested = last_round.is_some_and(|last| last.elapsed() < ROUND);
            if rested && heard.is_empty() {
                thread::sleep(GLANCE);
                continue;
            }
            let begun = Instant::now();
            let news: HashSet<_> = heard.into_iter().chain(line.news()?).collect();
            for signal in news {
                self.tell(signal)?;
            }
            self.send(Told::UpTo(begun))?;
            last_round = Some(begun);
        }
    }

    fn note(&self, why: WhyCut) {
        *self.why.lock() = Some(why);
    }

    fn tell(&self, signal: ChangeSignal) -> Result<(), Unread> {
        self.send(Told::Signal(signal))
    }

    /// Waits while the reader is far behind.
    fn send(&self, told: Told) -> Result<(), Unread> {
        self.telling.send_blocking(told).map_err(|_| Unread)
    }
}
