use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::compute::Codec;
use super::{CacheError, CacheKey, CacheScope, ComputeError, Expiry};
use crate::BoxError;

/// Values of the host's types, kept as JSON.
///
/// A value that can't be decoded, because another version of the host wrote it, is a miss that is reported and counted,
/// and never an error.
pub trait CacheExt {
    /// The value of an entry, as its type.
    ///
    /// # Errors
    /// Only those of the store.
    fn get_as<T>(
        &self,
        key: &CacheKey,
    ) -> impl Future<Output = Result<Option<T>, CacheError>> + Send
    where
        T: DeserializeOwned + Serialize + Send;

    /// Writes a value.
    ///
    /// # Errors
    /// [`CacheError::Unencodable`] before anything is written; [`CacheError::BudgetSpent`].
    fn set_as<T>(
        &self,
        key: &CacheKey,
        value: &T,
        expiry: Option<Expiry>,
    ) -> impl Future<Output = Result<(), CacheError>> + Send
    where
        T: Serialize + Sync;

    /// The value of an entry, or else what `compute` makes, as [`CacheScope::get_or_compute`] does it. A value that
    /// can't be decoded is replaced.
    ///
    /// # Errors
    /// As there, and [`CacheError::Unencodable`].
    fn get_or_compute_as<T, F, E>(
        &self,
        key: &CacheKey,
        expiry: Option<Expiry>,
        compute: impl FnOnce() -> F + Send,
    ) -> impl Future<Output = Result<T, ComputeError<E>>> + Send
    where
        T: DeserializeOwned + Serialize + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        E: Send;
}

impl CacheExt for CacheScope {
    async fn get_as<T>(&self, key: &CacheKey) -> Result<Option<T>, CacheError>
    where
        T: DeserializeOwned + Serialize + Send,
    {
        self.decoded(key, &Json).await
    }

    async fn set_as<T>(
        &self,
        key: &CacheKey,
        value: &T,
        expiry: Option<Expiry>,
    ) -> Result<(), CacheError>
    where
        T: Serialize + Sync,
    {
        let bytes = serde_json::to_vec(value).map_err(|source| CacheError::Unencodable {
            key: self.space.key(key),
            source: Box::new(source),
        })?;
        self.set(key, &bytes, expiry).await
    }

    async fn get_or_compute_as<T, F, E>(
        &self,
        key: &CacheKey,
        expiry: Option<Expiry>,
        compute: impl FnOnce() -> F + Send,
    ) -> Result<T, ComputeError<E>>
    where
        T: DeserializeOwned + Serialize + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        E: Send,
    {
        self.coded_or_compute(key, expiry, &Json, compute).await
    }
}

struct Json;

impl<T: DeserializeOwned + Serialize> Codec<T> for Json {
    fn encode(&self, value: &T) -> Result<Vec<u8>, BoxError> {
        Ok(serde_json::to_vec(value)?)
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(&bytes)?)
    }
}
