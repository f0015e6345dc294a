use alloc::vec::Vec;

use super::{
    CacheError, CacheKey, CachePolicy, CacheReport, CacheScope, Expiry, Generation, StoredKey,
};
use crate::{BoxError, Retry};

/// Why there is no value: the cache failed, or the computation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComputeError<E> {
    /// The cache failed, and [`CachePolicy::Fail`] is chosen; or a value can't be encoded.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The computation failed. Nothing was kept.
    #[error("the value for the cache can't be computed")]
    Compute {
        /// What the computation said.
        source: E,
    },
}

impl<E> ComputeError<E> {
    /// What the caller may do about the cache's part of it. The host knows its computations.
    pub fn retry(&self) -> Option<Retry> {
        match self {
            Self::Cache(error) => Some(error.retry()),
            Self::Compute { .. } => None,
        }
    }
}

/// How a type becomes bytes and comes back.
pub(super) trait Codec<T>: Send + Sync {
    fn encode(&self, value: &T) -> Result<Vec<u8>, BoxError>;
    fn decode(&self, bytes: Vec<u8>) -> Result<T, BoxError>;
}

struct Plain;

impl Codec<Vec<u8>> for Plain {
    fn encode(&self, value: &Vec<u8>) -> Result<Vec<u8>, BoxError> {
        Ok(value.clone())
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<Vec<u8>, BoxError> {
        Ok(bytes)
    }
}

impl CacheScope {
    /// The value of an entry, or else what `compute` makes, which is kept.
    ///
    /// In one process, a key is computed by one caller at a time: the others wait and get the same value. If that one
    /// fails or is dropped, the next computes. A value whose computation began before the entry was written or deleted,
    /// or before a [`flush`](Self::flush), isn't kept, nor given to anybody who asked after that: whoever changes what
    /// is computed from, and then deletes the entry, sees no stale value any more. What happens while the cache is down
    /// is chosen by [`CachePolicy`]; without the cache, changes aren't seen, and nothing is kept.
    ///
    /// Costs one round trip for a hit and four for a miss.
    ///
    /// A computation that asks for its own key waits for itself, forever.
    ///
    /// # Errors
    /// [`ComputeError::Compute`] with the error of `compute`; [`ComputeError::Cache`] if the policy is
    /// [`CachePolicy::Fail`].
    pub async fn get_or_compute<F, E>(
        &self,
        key: &CacheKey,
        expiry: Option<Expiry>,
        compute: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, ComputeError<E>>
    where
        F: Future<Output = Result<Vec<u8>, E>>,
    {
        self.coded_or_compute(key, expiry, &Plain, compute).await
    }

    pub(super) async fn coded_or_compute<T, F, E>(
        &self,
        key: &CacheKey,
        expiry: Option<Expiry>,
        codec: &impl Codec<T>,
        compute: impl FnOnce() -> F,
    ) -> Result<T, ComputeError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let stored = self.space.key(key);
        let generation = match self.look(key, codec).await {
            Ok(Look::Found(value)) => return Ok(value),
            Ok(Look::Missed(generation)) => Some(generation),
            Err(error) => {
                self.get_over(&stored, error).await?;
                None
            }
        };
        let flight_key = (stored, generation);
        let flight = self.service.flights.join(flight_key.clone()).await;
        let (stored, generation) = &flight_key;
        let mut landed = flight.turn().await;
        if let Some(bytes) = &*landed {
            if let Ok(value) = codec.decode(bytes.clone()) {
                return Ok(value);
            }
        } else if generation.is_some()
            && let Some(value) = self.landed_before(stored, codec).await
        {
            return Ok(value);
        }
        let value = compute()
            .await
            .map_err(|source| ComputeError::Compute { source })?;
        let bytes = codec
            .encode(&value)
            .map_err(|source| CacheError::Unencodable {
                key: stored.clone(),
                source,
            })?;
        let kept = self.keep(stored, &bytes, expiry, generation.as_ref()).await;
        *landed = Some(bytes);
        drop(landed);
        self.service.flights.close(&flight_key, &flight).await;
        kept?;
        Ok(value)
    }

    /// An entry as its type. What can't be decoded is reported, and is none.
    pub(super) async fn decoded<T>(
        &self,
        key: &CacheKey,
        codec: &impl Codec<T>,
    ) -> Result<Option<T>, CacheError> {
        let Some(bytes) = self.get(key).await? else {
            return Ok(None);
        };
        match codec.decode(bytes) {
            Ok(value) => Ok(Some(value)),
            Err(source) => {
                self.counters().await.undecodable();
                let (key, source) = (&self.space.key(key), &source);
                let report = CacheReport::Undecodable { key, source };
                self.service.reports.report(&report);
                Ok(None)
            }
        }
    }

    async fn look<T>(&self, key: &CacheKey, codec: &impl Codec<T>) -> Result<Look<T>, CacheError> {
        if let Some(value) = self.decoded(key, codec).await? {
            return Ok(Look::Found(value));
        }
        let stored = self.space.key(key);
        let generation = self.service.cache.generation(&stored).await?;
        Ok(Look::Missed(generation))
    }

    /// What another caller kept between the look and the turn. The statistics have counted the look.
    async fn landed_before<T>(&self, stored: &StoredKey, codec: &impl Codec<T>) -> Option<T> {
        // If the cache fails now, it is asked once more when the value is kept.
        let bytes = self.service.cache.get(stored).await.ok()??;
        codec.decode(bytes).ok()
    }

    async fn keep(
        &self,
        stored: &StoredKey,
        bytes: &[u8],
        expiry: Option<Expiry>,
        generation: Option<&Generation>,
    ) -> Result<(), CacheError> {
        let Some(generation) = generation else {
            return Ok(());
        };
        let options = self.options(expiry);
        let cache = &self.service.cache;
        match cache
            .set_if_current(stored, bytes, options, generation)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => self.get_over(stored, error).await,
        }
    }

    async fn get_over(&self, key: &StoredKey, error: CacheError) -> Result<(), CacheError> {
        match self.service.policy {
            CachePolicy::Fail => Err(error),
            CachePolicy::Compute => {
                self.counters().await.bypassed();
                let report = CacheReport::Bypassed {
                    key,
                    source: &error,
                };
                self.service.reports.report(&report);
                Ok(())
            }
        }
    }
}

enum Look<T> {
    Found(T),
    Missed(Generation),
}
