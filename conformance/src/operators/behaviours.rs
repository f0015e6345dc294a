use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::operators::{Identity, OperatorAccount, RightName, Session, SignInLink};
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry::{Actor, Digest, PageSize, TenantId};

use super::OperatorHarness;
use crate::Violation;

/// A fresh store: where each behaviour begins.
struct World<H> {
    harness: H,
    store: Arc<dyn OperatorStore>,
}

fn told<E: std::fmt::Display>(error: E) -> Violation {
    Violation::new(error.to_string())
}

fn at(minutes: i64) -> DateTime<Utc> {
    let began = DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap_or_default();
    began + TimeDelta::minutes(minutes)
}

fn actor(name: &str) -> Result<Actor, Violation> {
    Actor::named(name).map_err(told)
}

fn account(name: &str, rights: &[&str]) -> Result<OperatorAccount, Violation> {
    let rights: Result<Vec<_>, _> = rights.iter().map(|name| RightName::new(*name)).collect();
    Ok(OperatorAccount::new(actor(name)?, rights.map_err(told)?))
}

fn token(text: &str) -> Digest {
    Digest::of(&[text.as_bytes()])
}

fn link(text: &str, name: &str) -> Result<SignInLink, Violation> {
    Ok(SignInLink {
        token: token(text),
        actor: actor(name)?,
        expires_at: at(10),
    })
}

fn session(text: &str, name: &str) -> Result<Session, Violation> {
    Ok(Session {
        token: token(text),
        actor: actor(name)?,
        identity: None,
        begun_at: at(0),
        seen_at: at(0),
    })
}

fn identified(text: &str, name: &str) -> Result<Session, Violation> {
    let identity = Identity::from_json(r#"{"sub":"é\u0000'\\","groups":["a"]}"#).map_err(told)?;
    Ok(Session {
        identity: Some(identity),
        ..session(text, name)?
    })
}

impl<H: OperatorHarness> World<H> {
    fn start() -> Self {
        let harness = H::start();
        Self {
            store: harness.store(),
            harness,
        }
    }

    /// A world in which these have an account.
    fn with(names: &[&str]) -> Result<Self, Violation> {
        let world = Self::start();
        for name in names {
            world.put(&account(name, &["read"])?)?;
        }
        Ok(world)
    }

    fn put(&self, account: &OperatorAccount) -> Result<(), Violation> {
        Ok(block_on(self.store.put(account))?)
    }

    fn find(&self, name: &str) -> Result<Option<OperatorAccount>, Violation> {
        Ok(block_on(self.store.find(&actor(name)?))?)
    }

    fn begin(&self, session: &Session) -> Result<(), Violation> {
        Ok(block_on(self.store.begin_session(session, None))?)
    }

    /// The session as it is stored, to one more process.
    fn stored(&self, text: &str) -> Result<Option<Session>, Violation> {
        let stored = block_on(self.harness.store().session(&token(text)))?;
        Ok(stored.map(|stored| stored.session))
    }

    fn add(&self, link: &SignInLink) -> Result<(), Violation> {
        Ok(block_on(self.store.add_link(link))?)
    }

    fn take(&self, text: &str) -> Result<Option<SignInLink>, Violation> {
        Ok(block_on(self.harness.store().take_link(&token(text)))?)
    }
}

/// Whether it was refused since there is no account of that name.
fn is_unknown(outcome: Result<(), OperatorStoreError>, name: &str) -> Result<bool, Violation> {
    match outcome {
        Ok(()) => Ok(false),
        Err(OperatorStoreError::AccountUnknown { actor }) => Ok(actor.as_str() == name),
        Err(error) => Err(error.into()),
    }
}

pub(super) mod accounts {
    use super::{
        Actor, OperatorHarness, PageSize, TenantId, World, account, actor, at, block_on,
        identified, link, session, token,
    };
    use crate::{Verdict, ensure_eq};

    pub(crate) fn an_account_is_read_back_as_it_was_put<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::start();
        let tenant = |last| TenantId::from_parts(at(0), [last; 10]);
        let accounts = [
            account("operator:é'\"\\%_", &["read", "manage"])?,
            account("nothing", &[])?,
            account("some", &["read"])?.only_for([tenant(1), tenant(2)]),
            account("none", &["read"])?.only_for([]),
            account("system", &["read"])?,
        ];
        for account in &accounts {
            world.put(account)?;
        }
        for account in &accounts {
            let found = world.find(account.actor.as_str())?;
            ensure_eq!(found.as_ref(), Some(account), "what is found");
        }
        ensure_eq!(world.find("Some")?, None, "another name");
        Ok(())
    }

    pub(crate) fn an_account_that_is_put_again_is_the_new_one_with_the_same_sessions<
        H: OperatorHarness,
    >() -> Verdict {
        let world = World::<H>::with(&["ines", "other"])?;
        world.begin(&session("session", "ines")?)?;
        world.add(&link("link", "ines")?)?;
        let changed = account("ines", &["manage"])?.only_for([]);
        world.put(&changed)?;
        ensure_eq!(world.find("ines")?, Some(changed.clone()), "the account");
        ensure_eq!(
            world.find("other")?,
            Some(account("other", &["read"])?),
            "another"
        );
        let stored = block_on(world.store.session(&token("session")))?;
        let of = stored.and_then(|stored| stored.account);
        ensure_eq!(of, Some(changed), "the session's account");
        ensure_eq!(world.take("link")?, Some(link("link", "ines")?), "the link");
        Ok(())
    }

    pub(crate) fn the_listing_shows_every_account_once_by_name<H: OperatorHarness>() -> Verdict {
        // "Z" comes before "a", and "é" after "z", in the order of bytes.
        let names = ["Z", "a", "a b", "system", "z", "é"];
        let world = World::<H>::with(&["z", "é", "a b", "system", "Z", "a"])?;
        let (mut seen, size) = (Vec::new(), PageSize::new(2)?);
        loop {
            let after = seen.last().cloned();
            let page = block_on(world.store.accounts(after, size))?;
            let last = page.len() < 2;
            seen.extend(page.into_iter().map(|account| account.actor));
            if last || seen.len() > 10 {
                break;
            }
        }
        let seen: Vec<_> = seen.iter().map(Actor::as_str).collect();
        ensure_eq!(seen, names.to_vec(), "the names");
        Ok(())
    }

    pub(crate) fn a_removed_accounts_links_and_sessions_are_gone_for_good<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["ines", "other"])?;
        for name in ["ines", "other"] {
            world.begin(&session(&format!("session of {name}"), name)?)?;
            world.begin(&identified(&format!("identity of {name}"), name)?)?;
            world.add(&link(&format!("link of {name}"), name)?)?;
        }
        let ines = actor("ines")?;
        block_on(world.store.remove(&ines))?;
        block_on(world.store.remove(&ines))?;
        ensure_eq!(world.find("ines")?, None, "the account");
        world.put(&account("ines", &["read"])?)?;
        ensure_eq!(world.stored("session of ines")?, None, "the session");
        ensure_eq!(world.stored("identity of ines")?, None, "the other session");
        ensure_eq!(world.take("link of ines")?, None, "the link");
        let kept = world.stored("session of other")?.is_some()
            && world.stored("identity of other")?.is_some();
        ensure_eq!(kept, true, "another's sessions are there");
        let link = world.take("link of other")?.is_some();
        ensure_eq!(link, true, "another's link is there");
        Ok(())
    }
}

pub(super) mod links {
    use std::sync::Barrier;
    use std::thread;

    use super::{OperatorHarness, Violation, World, account, block_on, is_unknown, link, token};
    use crate::{Verdict, ensure, ensure_eq};

    pub(crate) fn a_link_is_taken_once<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        let (one, other) = (link("one", "ines")?, link("other", "ines")?);
        world.add(&one)?;
        world.add(&other)?;
        ensure_eq!(world.take("none")?, None, "what is no link");
        ensure_eq!(world.take("one")?, Some(one), "the link");
        ensure_eq!(world.take("one")?, None, "the same again");
        ensure_eq!(world.take("other")?, Some(other), "the other");
        Ok(())
    }

    pub(crate) fn of_ten_who_take_a_link_at_once_one_gets_it<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for round in 0..5 {
            let text = format!("link {round}");
            world.add(&link(&text, "ines")?)?;
            let start = Barrier::new(10);
            let take = || {
                let store = world.harness.store();
                start.wait();
                block_on(store.take_link(&token(&text)))
            };
            let taken: Vec<_> = thread::scope(|scope| {
                let takers: Vec<_> = (0..10).map(|_| scope.spawn(take)).collect();
                takers
                    .into_iter()
                    .map(thread::ScopedJoinHandle::join)
                    .collect()
            });
            let mut got = 0;
            for taken in taken {
                let taken = taken.map_err(|_| Violation::new("a panic"))??;
                got += usize::from(taken.is_some());
            }
            ensure_eq!(got, 1, "those who got it");
        }
        Ok(())
    }

    pub(crate) fn a_link_of_nobodys_account_is_refused<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["other"])?;
        let outcome = block_on(world.store.add_link(&link("link", "ines")?));
        ensure!(is_unknown(outcome, "ines")?, "it is refused by the name");
        world.put(&account("ines", &["read"])?)?;
        ensure_eq!(world.take("link")?, None, "nothing was recorded");
        Ok(())
    }
}

pub(super) mod sessions {
    use tenantry::operators::StoredSession;

    use super::{
        OperatorHarness, Session, SignInLink, Violation, World, account, actor, at, block_on,
        identified, is_unknown, link, session, token,
    };
    use crate::{Verdict, ensure, ensure_eq};

    pub(crate) fn a_session_is_read_back_with_its_account_as_it_is_now<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        let session = session("session", "ines")?;
        world.begin(&session)?;
        for rights in [&["read"][..], &["read", "manage"], &[]] {
            let account = account("ines", rights)?;
            world.put(&account)?;
            let expected = StoredSession {
                session: session.clone(),
                account: Some(account),
            };
            let stored = block_on(world.harness.store().session(&session.token))?;
            ensure_eq!(stored, Some(expected), "what is stored");
        }
        ensure_eq!(world.stored("none")?, None, "what is no session");
        Ok(())
    }

    pub(crate) fn a_session_of_nobodys_account_is_refused_and_ends_none<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["other"])?;
        world.begin(&session("before", "other")?)?;
        let new = session("session", "ines")?;
        let outcome = block_on(world.store.begin_session(&new, Some(token("before"))));
        ensure!(is_unknown(outcome, "ines")?, "it is refused by the name");
        world.put(&account("ines", &["read"])?)?;
        ensure_eq!(world.stored("session")?, None, "nothing was recorded");
        ensure!(world.stored("before")?.is_some(), "the one before goes on");
        Ok(())
    }

    pub(crate) fn a_session_of_an_identity_needs_no_account_and_has_none<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for name in ["ines", "nobody"] {
            let session = identified(name, name)?;
            world.begin(&session)?;
            let expected = StoredSession {
                session,
                account: None,
            };
            let stored = block_on(world.store.session(&token(name)))?;
            ensure_eq!(stored, Some(expected), "what is stored");
        }
        Ok(())
    }

    pub(crate) fn a_session_ends_the_one_that_it_replaces<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for name in ["before", "kept"] {
            world.begin(&session(name, "ines")?)?;
        }
        let next = session("next", "ines")?;
        block_on(world.store.begin_session(&next, Some(token("before"))))?;
        ensure_eq!(world.stored("before")?, None, "the one that is replaced");
        ensure_eq!(world.stored("next")?, Some(next), "the next");
        ensure!(world.stored("kept")?.is_some(), "another goes on");
        let last = session("last", "ines")?;
        block_on(world.store.begin_session(&last, Some(token("before"))))?;
        ensure!(world.stored("last")?.is_some(), "one that replaces nothing");
        Ok(())
    }

    pub(crate) fn a_session_that_is_ended_is_gone_and_the_others_go_on<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for name in ["one", "other"] {
            world.begin(&session(name, "ines")?)?;
        }
        for _ in 0..2 {
            block_on(world.store.end_session(&token("one")))?;
            ensure_eq!(world.stored("one")?, None, "the one that is ended");
        }
        ensure!(world.stored("other")?.is_some(), "the other");
        Ok(())
    }

    pub(crate) fn all_of_somebodys_sessions_and_links_end_and_nobody_elses<H: OperatorHarness>()
    -> Verdict {
        let world = World::<H>::with(&["ines", "other"])?;
        world.begin(&session("one", "ines")?)?;
        world.begin(&session("two", "ines")?)?;
        world.begin(&identified("three", "ines")?)?;
        world.add(&link("link", "ines")?)?;
        world.begin(&session("other", "other")?)?;
        world.add(&link("other's", "other")?)?;
        let ines = actor("ines")?;
        ensure_eq!(block_on(world.store.end_all(&ines))?, 3, "how many ended");
        for name in ["one", "two", "three"] {
            ensure_eq!(world.stored(name)?, None, "a session");
        }
        ensure_eq!(world.take("link")?, None, "the link");
        ensure!(world.find("ines")?.is_some(), "the account stays");
        ensure!(world.stored("other")?.is_some(), "another's session");
        ensure!(world.take("other's")?.is_some(), "another's link");
        ensure_eq!(block_on(world.store.end_all(&ines))?, 0, "none are left");
        Ok(())
    }

    pub(crate) fn a_session_is_noted_as_seen_and_never_as_earlier<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for name in ["one", "other"] {
            world.begin(&session(name, "ines")?)?;
        }
        let seen = |name: &str| -> Result<_, Violation> {
            Ok(world.stored(name)?.map(|session| session.seen_at))
        };
        for (minutes, expected) in [(5, 5), (3, 5), (7, 7)] {
            block_on(world.store.touch_session(&token("one"), at(minutes)))?;
            ensure_eq!(seen("one")?, Some(at(expected)), "when it was seen");
        }
        ensure_eq!(seen("other")?, Some(at(0)), "when the other was seen");
        block_on(world.store.touch_session(&token("none"), at(9)))?;
        ensure_eq!(world.stored("none")?, None, "what is no session");
        Ok(())
    }

    pub(crate) fn sweeping_forgets_what_is_over_and_nothing_else<H: OperatorHarness>() -> Verdict {
        let world = World::<H>::with(&["ines"])?;
        for (name, begun, seen) in [
            ("old", 10, 90),
            ("idle", 50, 60),
            ("good", 11, 61),
            ("fresh", 50, 90),
        ] {
            world.begin(&Session {
                begun_at: at(begun),
                seen_at: at(seen),
                ..session(name, "ines")?
            })?;
        }
        for (name, expires) in [("over", 100), ("not yet", 101)] {
            world.add(&SignInLink {
                expires_at: at(expires),
                ..link(name, "ines")?
            })?;
        }
        block_on(world.store.sweep(at(100), at(10), at(60)))?;
        for (name, is_kept) in [
            ("old", false),
            ("idle", false),
            ("good", true),
            ("fresh", true),
        ] {
            ensure_eq!(world.stored(name)?.is_some(), is_kept, "a session");
        }
        for (name, is_kept) in [("over", false), ("not yet", true)] {
            ensure_eq!(world.take(name)?.is_some(), is_kept, "a link");
        }
        Ok(())
    }
}
