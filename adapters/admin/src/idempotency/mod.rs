//! Requests that are sent twice, and done once.

mod memory;
mod replay;

use std::fmt;

use async_trait::async_trait;
use tenantry::{Actor, BoxError, Digest};

pub use memory::MemoryIdempotency;
pub(crate) use replay::to_the_end;

/// Where the answers to requests with an `Idempotency-Key` are kept, so that the same request again has the same answer.
///
/// # Contract
/// - Of two calls of [`begin`](Self::begin) with one key at once, in any processes that share the store, one is told
///   [`Begun::First`].
/// - What was begun is in hand until it is finished or forgotten. A store whose process can die in between forgets such keys
///   by itself, after a time that no request takes.
/// - An answer is kept for as long as the store promises. It is the whole answer, settings of tenants included: what the
///   store is written to has to be as safe as the tenants' records.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Takes a request in hand, or says what became of the first one with this key.
    ///
    /// # Errors
    /// If it can't be told. Nothing is done then.
    async fn begin(&self, key: IdempotencyKey, request: Digest) -> Result<Begun, BoxError>;

    /// Keeps the answer to a request that was begun.
    ///
    /// # Errors
    /// If it can't be kept. The work is done all the same: the key stays in hand, so that it isn't done again.
    async fn finish(&self, key: IdempotencyKey, answer: KeptAnswer) -> Result<(), BoxError>;

    /// Forgets a request that was begun and changed nothing: it may be sent again.
    ///
    /// # Errors
    /// If it can't be forgotten. The key stays in hand.
    async fn forget(&self, key: IdempotencyKey) -> Result<(), BoxError>;
}

/// One operator's key: another's, though it has the same text, is another. It is kept as a digest of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Digest);

impl IdempotencyKey {
    pub(crate) fn of(operator: &Actor, key: &[u8]) -> Self {
        Self(digest_of(&[operator.as_str().as_bytes(), key]))
    }

    /// The digest, for a store.
    pub fn digest(&self) -> Digest {
        self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What [`IdempotencyStore::begin`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is new: do the work.
    First,
    /// The first request with this key is still in hand.
    InHand,
    /// It was done: give the same answer.
    Done(KeptAnswer),
    /// The key came with another request before.
    OfAnother,
}

/// An answer, to be given again.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl KeptAnswer {
    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        size_of::<Self>() + headers + self.body.len()
    }
}

impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAnswer")
            .field("status", &self.status)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

/// Of the pieces and of where one ends.
fn digest_of(pieces: &[&[u8]]) -> Digest {
    let lengths: Vec<_> = pieces
        .iter()
        .map(|piece| (piece.len() as u64).to_be_bytes())
        .collect();
    let parts: Vec<&[u8]> = pieces
        .iter()
        .zip(&lengths)
        .flat_map(|(piece, length)| [length.as_slice(), piece])
        .collect();
    Digest::of(&parts)
}
