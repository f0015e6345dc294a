//! Stores of operators.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tenantry::operators::{OperatorAccount, Session, SignInLink, StoredSession};
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry::{Actor, Digest, PageSize};
use tenantry_conformance::operators::{OperatorHarness, behaviours, catalogue, check};
use tenantry_memory::MemoryOperatorStore;

use crate::{Current, all_can_fail};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TakesNoTenantsForAll,
    KeepsTheFirstAccount,
    EndsSessionsWhenAnAccountIsPut,
    ListsBackwards,
    RemovesTheAccountAlone,
    LooksAtLinksAndLeavesThem,
    LooksAtALinkAndThenTakesIt,
    LinksNobody,
    LetsNobodyIn,
    EndsTheReplacedFirst,
    RemembersTheAccountOfTheSession,
    GivesIdentitiesAnAccount,
    ReplacesNothing,
    EndsNothing,
    EndsEverybody,
    ForgetsLinksWhenAllEnd,
    NotesEarlierTimes,
    NotesNothing,
    SweepsEverything,
    SweepsTooLate,
}

static FAULT: Current<Fault> = Current::new();

impl Fault {
    const ALL: [Self; 20] = [
        Self::TakesNoTenantsForAll,
        Self::KeepsTheFirstAccount,
        Self::EndsSessionsWhenAnAccountIsPut,
        Self::ListsBackwards,
        Self::RemovesTheAccountAlone,
        Self::LooksAtLinksAndLeavesThem,
        Self::LooksAtALinkAndThenTakesIt,
        Self::LinksNobody,
        Self::LetsNobodyIn,
        Self::EndsTheReplacedFirst,
        Self::RemembersTheAccountOfTheSession,
        Self::GivesIdentitiesAnAccount,
        Self::ReplacesNothing,
        Self::EndsNothing,
        Self::EndsEverybody,
        Self::ForgetsLinksWhenAllEnd,
        Self::NotesEarlierTimes,
        Self::NotesNothing,
        Self::SweepsEverything,
        Self::SweepsTooLate,
    ];
}

/// The memory store with one fault.
struct Faulty {
    store: MemoryOperatorStore,
    fault: Option<Fault>,
    known: std::sync::Mutex<Known>,
}

/// What was given to it, for faults that do something else with it.
#[derive(Default)]
struct Known {
    accounts: Vec<OperatorAccount>,
    links: Vec<SignInLink>,
    sessions: Vec<Session>,
}

impl Faulty {
    fn new(fault: Option<Fault>) -> Self {
        Self {
            store: MemoryOperatorStore::new(),
            fault,
            known: std::sync::Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("no panic")
    }

    /// An account for whoever has none.
    async fn make_up(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        if self.store.find(actor).await?.is_none() {
            let account = OperatorAccount::new(actor.clone(), []);
            self.store.put(&account).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl OperatorStore for Faulty {
    async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorStoreError> {
        let mut account = account.clone();
        if self.has(Fault::TakesNoTenantsForAll) {
            account.tenants = account.tenants.filter(|tenants| !tenants.is_empty());
        }
        let there = self.store.find(&account.actor).await?.is_some();
        if there && self.has(Fault::KeepsTheFirstAccount) {
            return Ok(());
        }
        if there && self.has(Fault::EndsSessionsWhenAnAccountIsPut) {
            self.store.remove(&account.actor).await?;
        }
        self.known().accounts.push(account.clone());
        self.store.put(&account).await
    }

    async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorStoreError> {
        self.store.find(actor).await
    }

    async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError> {
        let mut page = self.store.accounts(after, size).await?;
        if self.has(Fault::ListsBackwards) {
            page.reverse();
        }
        Ok(page)
    }

    async fn remove(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        self.store.remove(actor).await?;
        if self.has(Fault::RemovesTheAccountAlone) {
            self.make_up(actor).await?;
            let links = self.known().links.clone();
            for link in links.iter().filter(|link| link.actor == *actor) {
                self.store.add_link(link).await?;
            }
            let sessions = self.known().sessions.clone();
            for session in sessions.iter().filter(|session| session.actor == *actor) {
                self.store.begin_session(session, None).await?;
            }
        }
        Ok(())
    }

    async fn add_link(&self, link: &SignInLink) -> Result<(), OperatorStoreError> {
        if self.has(Fault::LinksNobody) {
            self.make_up(&link.actor).await?;
        }
        self.known().links.push(link.clone());
        self.store.add_link(link).await
    }

    async fn take_link(&self, token: &Digest) -> Result<Option<SignInLink>, OperatorStoreError> {
        let looks = self.has(Fault::LooksAtALinkAndThenTakesIt)
            || self.has(Fault::LooksAtLinksAndLeavesThem);
        if !looks {
            return self.store.take_link(token).await;
        }
        let found = self.store.take_link(token).await?;
        if let Some(link) = &found {
            self.store.add_link(link).await?;
        }
        if self.has(Fault::LooksAtALinkAndThenTakesIt) {
            // Whoever looks meanwhile finds it, too.
            std::thread::sleep(std::time::Duration::from_millis(20));
            self.store.take_link(token).await?;
        }
        Ok(found)
    }

    async fn begin_session(
        &self,
        session: &Session,
        replaced: Option<Digest>,
    ) -> Result<(), OperatorStoreError> {
        if self.has(Fault::LetsNobodyIn) {
            self.make_up(&session.actor).await?;
        }
        if let (true, Some(replaced)) = (self.has(Fault::EndsTheReplacedFirst), replaced) {
            self.store.end_session(&replaced).await?;
        }
        self.known().sessions.push(session.clone());
        let replaced = replaced.filter(|_| !self.has(Fault::ReplacesNothing));
        self.store.begin_session(session, replaced).await
    }

    async fn session(&self, token: &Digest) -> Result<Option<StoredSession>, OperatorStoreError> {
        let mut stored = self.store.session(token).await?;
        if let Some(StoredSession { session, account }) = &mut stored {
            let accounts = self.known().accounts.clone();
            let mut known = accounts.into_iter();
            if self.has(Fault::RemembersTheAccountOfTheSession) && account.is_some() {
                *account = known.find(|known| known.actor == session.actor);
            } else if self.has(Fault::GivesIdentitiesAnAccount) && session.identity.is_some() {
                *account = known.find(|known| known.actor == session.actor);
            }
        }
        Ok(stored)
    }

    async fn touch_session(
        &self,
        token: &Digest,
        seen_at: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        if self.has(Fault::NotesNothing) {
            return Ok(());
        }
        if let (true, Some(stored)) = (
            self.has(Fault::NotesEarlierTimes),
            self.store.session(token).await?,
        ) {
            let session = Session {
                seen_at,
                ..stored.session
            };
            return self.store.begin_session(&session, None).await;
        }
        self.store.touch_session(token, seen_at).await
    }

    async fn end_session(&self, token: &Digest) -> Result<(), OperatorStoreError> {
        if self.has(Fault::EndsNothing) {
            return Ok(());
        }
        if self.has(Fault::EndsEverybody)
            && let Some(stored) = self.store.session(token).await?
        {
            return self.store.end_all(&stored.session.actor).await.map(drop);
        }
        self.store.end_session(token).await
    }

    async fn end_all(&self, actor: &Actor) -> Result<u64, OperatorStoreError> {
        if self.has(Fault::EndsNothing) {
            return Ok(0);
        }
        let ended = self.store.end_all(actor).await?;
        if self.has(Fault::ForgetsLinksWhenAllEnd) {
            let links = self.known().links.clone();
            for link in links.iter().filter(|link| link.actor == *actor) {
                self.store.add_link(link).await?;
            }
        }
        Ok(ended)
    }

    async fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        let shift = match self.fault {
            Some(Fault::SweepsEverything) => TimeDelta::days(1000),
            Some(Fault::SweepsTooLate) => TimeDelta::microseconds(-1),
            _ => TimeDelta::zero(),
        };
        self.store
            .sweep(now + shift, begun + shift, seen + shift)
            .await
    }
}

struct Broken(Arc<Faulty>);

impl OperatorHarness for Broken {
    const ADAPTER: &'static str = "broken";

    fn start() -> Self {
        Self(Arc::new(Faulty::new(FAULT.get())))
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        self.0.clone()
    }
}

#[test]
fn each_behaviour_is_broken_by_a_store_and_each_broken_store_breaks_one() {
    all_can_fail(&FAULT, &Fault::ALL, &catalogue(), behaviours::<Broken>);
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
