use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tenantry::BoxError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::TokenError;
use super::keys::{KeySource, KeyTimes, Keys};

/// The keys at hand, and where newer ones come from.
pub(super) struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    source: Option<Arc<dyn KeySource>>,
    refresh: Mutex<Refresh>,
}

#[derive(Default)]
struct Refresh {
    tried_at: Option<Instant>,
    failure: Option<Arc<dyn Error + Send + Sync>>,
}

impl KeyRing {
    const FETCH_AFTER: Duration = Duration::from_mins(10);
    const FETCH_AGAIN_AFTER: Duration = Duration::from_secs(10);
    const TRUST_FOR: Duration = Duration::from_hours(1);
    const PATIENCE: Duration = Duration::from_secs(5);

    pub(super) fn new(keys: Keys, source: Option<Arc<dyn KeySource>>) -> Arc<Self> {
        Arc::new(Self {
            keys: RwLock::new(Arc::new(keys)),
            source,
            refresh: Mutex::default(),
        })
    }

    /// The keys, unless they have to be fetched first.
    pub(super) fn keys(&self) -> Result<Arc<Keys>, TokenError> {
        let keys = self.at_hand();
        match keys.times {
            Some(times) if Instant::now() >= times.stale_at => Err(TokenError::KeyUnknown),
            _ => Ok(keys),
        }
    }

    /// Fetches the keys, unless somebody did a moment ago. It goes on when nobody waits for it any more, so that requests
    /// that are given up don't make it begin again and again.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<(), TokenError> {
        let Some(source) = self.source.clone() else {
            return Ok(());
        };
        let ring = Arc::clone(self);
        let fetched = tokio::spawn(async move { ring.fetch(&*source).await }).await;
        fetched.unwrap_or(Err(TokenError::KeysUnavailable { source: None }))
    }

    async fn fetch(&self, source: &dyn KeySource) -> Result<(), TokenError> {
        let mut refresh = self.refresh.lock().await;
        let begun = Instant::now();
        let lately = |at| begun.saturating_duration_since(at) < Self::FETCH_AGAIN_AFTER;
        if refresh.tried_at.is_some_and(lately) {
            return self.judge(&refresh);
        }
        let fetched = match timeout(Self::PATIENCE, source.fetch()).await {
            Ok(Ok(json)) => {
                let times = KeyTimes {
                    fetched_at: Some(begun),
                    stale_at: begun + Self::FETCH_AFTER,
                };
                Keys::of_set(&json, times).map_err(BoxError::from)
            }
            Ok(Err(error)) => Err(error),
            Err(late) => Err(late.into()),
        };
        refresh.tried_at = Some(begun);
        match fetched {
            Ok(keys) => {
                refresh.failure = None;
                self.put(keys);
            }
            Err(error) => {
                let error = Arc::<dyn Error + Send + Sync>::from(error);
                tracing::warn!(
                    error = &*error as &dyn Error,
                    "the keys of tokens can't be fetched"
                );
                refresh.failure = Some(error);
                self.put_off(begun);
            }
        }
        self.judge(&refresh)
    }

    /// The keys at hand are used for a little longer, if they may be trusted that long.
    fn put_off(&self, now: Instant) {
        let mut keys = Keys::clone(&self.at_hand());
        if let Some(times) = &mut keys.times
            && let Some(fetched_at) = times.fetched_at
        {
            let later = now + Self::FETCH_AGAIN_AFTER;
            times.stale_at = times.stale_at.max(later).min(fetched_at + Self::TRUST_FOR);
            self.put(keys);
        }
    }

    fn judge(&self, refresh: &Refresh) -> Result<(), TokenError> {
        match self.keys() {
            Ok(_) => Ok(()),
            Err(_) => Err(TokenError::KeysUnavailable {
                source: refresh.failure.clone(),
            }),
        }
    }

    fn at_hand(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}
