use alloc::sync::Arc;
use alloc::vec::Vec;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{
    Identity, OperatorAccount, OperatorError, Session, SessionLimits, SessionToken, SignInLink,
    SignInToken, StoredSession,
};
use crate::ports::{Clock, OperatorStore, Secrets};
use crate::{Actor, BoxError, PageSize};

/// Lets operators in by one-time links, or by what an identity provider said, and knows their sessions.
///
/// Cloning is cheap.
///
/// ```
/// # use std::sync::Arc;
/// # use futures_lite::future::block_on;
/// # use tenantry_memory::{MemoryOperatorStore, SystemClock, SystemSecrets};
/// use tenantry::Actor;
/// use tenantry::operators::{OperatorAccount, OperatorService, RightName};
///
/// # block_on(async {
/// let store = Arc::new(MemoryOperatorStore::new());
/// let operators = OperatorService::new(store, Arc::new(SystemClock), Arc::new(SystemSecrets));
/// let ines = Actor::named("operator:ines")?;
/// operators.put(&OperatorAccount::new(ines.clone(), [RightName::new("read")?])).await?;
///
/// let link = operators.link(&ines).await?; // shown to her alone
/// let started = operators.sign_in(&link.token, None).await?;
/// assert!(operators.sign_in(&link.token, None).await.is_err(), "it was used");
///
/// let session = operators.session(&started.token).await?.expect("it has just begun");
/// assert_eq!(session.account.map(|account| account.actor), Some(ines));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct OperatorService {
    store: Arc<dyn OperatorStore>,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
    limits: SessionLimits,
}

impl OperatorService {
    /// How long a link lets somebody in.
    pub const LINK_LIFE: TimeDelta = TimeDelta::minutes(10);

    /// A service over these ports.
    pub fn new(
        store: Arc<dyn OperatorStore>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn Secrets>,
    ) -> Self {
        Self {
            store,
            clock,
            secrets,
            limits: SessionLimits::default(),
        }
    }

    /// Sessions last so long.
    #[must_use]
    pub fn with_limits(self, limits: SessionLimits) -> Self {
        Self { limits, ..self }
    }

    /// How long sessions last.
    pub fn limits(&self) -> SessionLimits {
        self.limits
    }

    /// Records an account, in the place of one of the same name. Whoever is signed in has its rights from then on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorError> {
        Ok(self.store.put(account).await?)
    }

    /// Somebody's account.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorError> {
        Ok(self.store.find(actor).await?)
    }

    /// The accounts by ascending name, in the order of its bytes, at most `size`; those after `after`, if given.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorError> {
        Ok(self.store.accounts(after, size).await?)
    }

    /// Removes somebody's account, with every link and session of theirs. Removing what isn't there changes nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, actor: &Actor) -> Result<(), OperatorError> {
        Ok(self.store.remove(actor).await?)
    }

    /// Makes a link that lets whoever has it in once, as the owner of this account, within [`Self::LINK_LIFE`].
    ///
    /// # Errors
    /// [`OperatorStoreError::AccountUnknown`](crate::ports::OperatorStoreError::AccountUnknown), and those of the ports.
    pub async fn link(&self, actor: &Actor) -> Result<IssuedLink, OperatorError> {
        let token = SignInToken::of_secret(&self.secret()?);
        let expires_at = self.now() + Self::LINK_LIFE;
        let link = SignInLink {
            token: token.digest(),
            actor: actor.clone(),
            expires_at,
        };
        self.store.add_link(&link).await?;
        Ok(IssuedLink { token, expires_at })
    }

    /// Begins a session of whose link this is, which can't be used again. `replaced`, if it is a session, ends.
    ///
    /// # Errors
    /// [`OperatorError::LinkRefused`], and those of the ports. The link is used up also if the session can't begin then.
    pub async fn sign_in(
        &self,
        link: &SignInToken,
        replaced: Option<&SessionToken>,
    ) -> Result<StartedSession, OperatorError> {
        let now = self.now();
        let link = self.store.take_link(&link.digest()).await?;
        match link.filter(|link| now < link.expires_at) {
            Some(link) => self.begin(link.actor, None, now, replaced).await,
            None => Err(OperatorError::LinkRefused),
        }
    }

    /// Begins a session of somebody whom an identity provider vouched for. Whoever calls this has checked that; what they may
    /// do is decided anew at every request, from the identity. `replaced`, if it is a session, ends.
    ///
    /// # Errors
    /// Those of the ports.
    pub async fn sign_in_identified(
        &self,
        actor: Actor,
        identity: Identity,
        replaced: Option<&SessionToken>,
    ) -> Result<StartedSession, OperatorError> {
        self.begin(actor, Some(identity), self.now(), replaced)
            .await
    }

    /// Whose session this is now; `None` if it never was one, was ended, or is over.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Cost
    /// One call of the store, and another once in a thirtieth of the [idle time](SessionLimits::idle).
    pub async fn session(
        &self,
        token: &SessionToken,
    ) -> Result<Option<OperatorSession>, OperatorError> {
        let now = self.now();
        let Some(StoredSession { session, account }) = self.store.session(&token.digest()).await?
        else {
            return Ok(None);
        };
        if self.limits.end(&session, now) {
            self.store.end_session(&session.token).await?;
            return Ok(None);
        }
        if self.limits.notes(&session, now) {
            self.store.touch_session(&session.token, now).await?;
        }
        let Session {
            actor,
            identity,
            begun_at,
            ..
        } = session;
        Ok(Some(OperatorSession {
            actor,
            account,
            identity,
            begun_at,
        }))
    }

    /// Ends a session. Ending what is none changes nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_out(&self, token: &SessionToken) -> Result<(), OperatorError> {
        Ok(self.store.end_session(&token.digest()).await?)
    }

    /// Ends every session of somebody, and takes their links back. Returns how many sessions there were.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<u64, OperatorError> {
        Ok(self.store.end_all(actor).await?)
    }

    /// Forgets the links and sessions that are over. They let nobody in either way: it is for the store's size alone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sweep(&self) -> Result<(), OperatorError> {
        let now = self.now();
        let SessionLimits { idle, absolute } = self.limits;
        let (begun, seen) = (earlier(now, absolute), earlier(now, idle));
        Ok(self.store.sweep(now, begun, seen).await?)
    }

    async fn begin(
        &self,
        actor: Actor,
        identity: Option<Identity>,
        now: DateTime<Utc>,
        replaced: Option<&SessionToken>,
    ) -> Result<StartedSession, OperatorError> {
        let token = SessionToken::of_secret(&self.secret()?);
        let session = Session {
            token: token.digest(),
            actor: actor.clone(),
            identity,
            begun_at: now,
            seen_at: now,
        };
        let replaced = replaced.map(SessionToken::digest);
        self.store.begin_session(&session, replaced).await?;
        Ok(StartedSession { token, actor })
    }

    /// 32 bytes that nobody can foresee, for whatever else a sign-in needs.
    ///
    /// # Errors
    /// [`OperatorError::NoSecret`].
    pub fn secret(&self) -> Result<[u8; 32], OperatorError> {
        let secret = self.secrets.secret();
        secret.map_err(|source: BoxError| OperatorError::NoSecret { source })
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

fn earlier(now: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    now.checked_sub_signed(by).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A link that was just made.
#[derive(Clone, Debug)]
pub struct IssuedLink {
    /// What lets somebody in, once.
    pub token: SignInToken,
    /// From when on it lets nobody in any more.
    pub expires_at: DateTime<Utc>,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct StartedSession {
    /// What the browser has to bring.
    pub token: SessionToken,
    /// Whose it is.
    pub actor: Actor,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorSession {
    /// Whose it is.
    pub actor: Actor,
    /// Their account as it is now; absent for somebody whom an identity provider vouched for.
    pub account: Option<OperatorAccount>,
    /// What the identity provider said.
    pub identity: Option<Identity>,
    /// When it began.
    pub begun_at: DateTime<Utc>,
}
