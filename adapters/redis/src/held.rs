use std::sync::PoisonError;

use crate::sync::{AsyncMutex, Mutex, MutexGuard};

#[cfg(all(test, shuttle))]
mod interleavings;

/// What holds the one connection: made by whoever wants it first, while others wait, and forgotten when it is broken.
pub(crate) struct Holder<C> {
    held: Mutex<Option<Held<C>>>,
    connecting: AsyncMutex<()>,
}

#[derive(Clone)]
pub(crate) struct Held<C> {
    pub(crate) connection: C,
    pub(crate) number: u64,
}

impl<C: Clone> Holder<C> {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::new(None),
            connecting: AsyncMutex::new(()),
        }
    }

    /// The connection, or the one that `connect` makes if there is none: it is begun only then, by one at a time.
    pub(crate) async fn get_or_connect<E>(
        &self,
        connect: impl Future<Output = Result<C, E>>,
    ) -> Result<Held<C>, E> {
        if let Some(held) = self.current() {
            return Ok(held);
        }
        let _turn = self.connecting.lock().await;
        if let Some(held) = self.current() {
            return Ok(held);
        }
        let held = Held {
            connection: connect.await?,
            number: fastrand::u64(..),
        };
        *self.held() = Some(held.clone());
        Ok(held)
    }

    /// Forgets the connection of this number, and none that took its place meanwhile.
    pub(crate) fn discard(&self, number: u64) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|held| held.number == number) {
            *held = None;
        }
    }

    fn current(&self) -> Option<Held<C>> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Option<Held<C>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
