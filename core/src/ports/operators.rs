use alloc::boxed::Box;
use alloc::vec::Vec;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::operators::{OperatorAccount, Session, SignInLink, StoredSession};
use crate::{Actor, BoxError, Digest, PageSize, Retry};

/// Where operators' accounts, one-time links and sessions are recorded.
///
/// It decides nothing: [`OperatorService`](crate::operators::OperatorService) does. Of links and sessions it is given digests
/// alone, so that whoever reads it, or a backup of it, can sign in as nobody.
///
/// # Contract
/// - Every method is atomic: it happens as a whole or not at all, and when it returns `Ok`, every later call of any
///   process sees it. A dropped future leaves the call done or not done, never half-done.
/// - **A link is taken once**, however many processes take it at once.
/// - Links and sessions of an account are there only as long as the account, and not again when there is another of the name.
/// - What is read equals what was written, to the microsecond. Actors are compared by their bytes.
///
/// # Cost
/// One round trip for each method.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OperatorStore: Send + Sync {
    /// Records an account, in the place of one of the same name, whose links and sessions are then this one's.
    ///
    /// # Errors
    /// Only those of the store.
    async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorStoreError>;

    /// The account of that name.
    ///
    /// # Errors
    /// Only those of the store.
    async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorStoreError>;

    /// The accounts by ascending name, in the order of its bytes, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Only those of the store.
    async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError>;

    /// Removes an account, and every link and session of that name. Removing what isn't there changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn remove(&self, actor: &Actor) -> Result<(), OperatorStoreError>;

    /// Records a link of an account.
    ///
    /// # Errors
    /// [`OperatorStoreError::AccountUnknown`] if there is no such account: nothing is recorded.
    async fn add_link(&self, link: &SignInLink) -> Result<(), OperatorStoreError>;

    /// Takes a link away, and returns it: to one caller.
    ///
    /// # Errors
    /// Only those of the store.
    async fn take_link(&self, token: &Digest) -> Result<Option<SignInLink>, OperatorStoreError>;

    /// Records a session, and ends the one that it replaces.
    ///
    /// # Errors
    /// [`OperatorStoreError::AccountUnknown`] if it is one of an account (without an identity) and there is none: nothing has
    /// changed.
    async fn begin_session(
        &self,
        session: &Session,
        replaced: Option<Digest>,
    ) -> Result<(), OperatorStoreError>;

    /// A session, with the account that it is of as it is at the same moment. Asked on every request.
    ///
    /// # Errors
    /// Only those of the store.
    async fn session(&self, token: &Digest) -> Result<Option<StoredSession>, OperatorStoreError>;

    /// Notes when a session was last seen. Noting it of what isn't there changes nothing, and so does a time that is earlier.
    ///
    /// # Errors
    /// Only those of the store.
    async fn touch_session(
        &self,
        token: &Digest,
        seen_at: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError>;

    /// Ends a session. Ending what isn't there changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn end_session(&self, token: &Digest) -> Result<(), OperatorStoreError>;

    /// Ends every session of that name, with or without an account, and takes its links back. Returns how many sessions there
    /// were.
    ///
    /// # Errors
    /// Only those of the store.
    async fn end_all(&self, actor: &Actor) -> Result<u64, OperatorStoreError>;

    /// Forgets links that expire at or before `now`, and sessions that began, or were last seen, at or before these times.
    ///
    /// # Errors
    /// Only those of the store.
    async fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError>;
}

/// Why an [`OperatorStore`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorStoreError {
    /// Nobody has an account of that name.
    #[error("{actor} has no account: make one first")]
    AccountUnknown {
        /// Which name.
        actor: Actor,
    },
    /// A value in the store can't be read as what it should be.
    #[error("a record of operators can't be read")]
    Unreadable {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the store of operators is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store isn't set up.
    #[error("the store of operators isn't set up: {advice}")]
    NotSetUp {
        /// What to run.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the store of operators failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl OperatorStoreError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Later,
            Self::AccountUnknown { .. }
            | Self::Unreadable { .. }
            | Self::NotSetUp { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
