use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tenantry::operators::{OperatorAccount, Session, SignInLink, StoredSession};
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry::{Actor, Digest, PageSize};

/// Operators' accounts, one-time links and sessions, in maps: the plainly right ones. Nothing outlives the process.
#[derive(Debug, Default)]
pub struct MemoryOperatorStore(Mutex<Operators>);

#[derive(Debug, Default)]
struct Operators {
    /// By name, in the order of its bytes.
    accounts: BTreeMap<String, OperatorAccount>,
    links: BTreeMap<Digest, SignInLink>,
    sessions: BTreeMap<Digest, Session>,
}

impl MemoryOperatorStore {
    /// A store without operators.
    pub fn new() -> Self {
        Self::default()
    }

    fn operators(&self) -> MutexGuard<'_, Operators> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operators {
    fn demand(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        if self.accounts.contains_key(actor.as_str()) {
            Ok(())
        } else {
            Err(OperatorStoreError::AccountUnknown {
                actor: actor.clone(),
            })
        }
    }

    fn end_all(&mut self, actor: &Actor) -> u64 {
        self.links.retain(|_, link| link.actor != *actor);
        let of_them = |session: &&Session| session.actor == *actor;
        let ended = self.sessions.values().filter(of_them).map(|_| 1).sum();
        self.sessions.retain(|_, session| session.actor != *actor);
        ended
    }
}

#[async_trait]
impl OperatorStore for MemoryOperatorStore {
    async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorStoreError> {
        let accounts = &mut self.operators().accounts;
        accounts.insert(account.actor.as_str().into(), account.clone());
        Ok(())
    }

    async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorStoreError> {
        Ok(self.operators().accounts.get(actor.as_str()).cloned())
    }

    async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError> {
        let after = after.as_ref().map(Actor::as_str);
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let operators = self.operators();
        let accounts = operators
            .accounts
            .range::<str, _>((begin, Bound::Unbounded));
        let page = accounts.take(usize::from(size.number()));
        Ok(page.map(|(_, account)| account.clone()).collect())
    }

    async fn remove(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        let mut operators = self.operators();
        operators.accounts.remove(actor.as_str());
        operators.end_all(actor);
        Ok(())
    }

    async fn add_link(&self, link: &SignInLink) -> Result<(), OperatorStoreError> {
        let mut operators = self.operators();
        operators.demand(&link.actor)?;
        operators.links.insert(link.token, link.clone());
        Ok(())
    }

    async fn take_link(&self, token: &Digest) -> Result<Option<SignInLink>, OperatorStoreError> {
        Ok(self.operators().links.remove(token))
    }

    async fn begin_session(
        &self,
        session: &Session,
        replaced: Option<Digest>,
    ) -> Result<(), OperatorStoreError> {
        let mut operators = self.operators();
        if session.identity.is_none() {
            operators.demand(&session.actor)?;
        }
        if let Some(replaced) = replaced {
            operators.sessions.remove(&replaced);
        }
        operators.sessions.insert(session.token, session.clone());
        Ok(())
    }

    async fn session(&self, token: &Digest) -> Result<Option<StoredSession>, OperatorStoreError> {
        let operators = self.operators();
        let stored = operators.sessions.get(token).map(|session| {
            let of_account = session.identity.is_none();
            let account = of_account.then(|| operators.accounts.get(session.actor.as_str()));
            StoredSession {
                session: session.clone(),
                account: account.flatten().cloned(),
            }
        });
        Ok(stored)
    }

    async fn touch_session(
        &self,
        token: &Digest,
        seen_at: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        if let Some(session) = self.operators().sessions.get_mut(token) {
            session.seen_at = session.seen_at.max(seen_at);
        }
        Ok(())
    }

    async fn end_session(&self, token: &Digest) -> Result<(), OperatorStoreError> {
        self.operators().sessions.remove(token);
        Ok(())
    }

    async fn end_all(&self, actor: &Actor) -> Result<u64, OperatorStoreError> {
        Ok(self.operators().end_all(actor))
    }

    async fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        let mut operators = self.operators();
        operators.links.retain(|_, link| link.expires_at > now);
        let goes_on = |session: &Session| session.begun_at > begun && session.seen_at > seen;
        operators.sessions.retain(|_, session| goes_on(session));
        Ok(())
    }
}
