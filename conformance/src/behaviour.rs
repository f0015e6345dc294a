use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::{Capability, Harness, Verdict, Violation};

/// How long a behaviour may take, and then fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// One thing that every adapter must do, as a function.
pub struct Behaviour {
    pub(crate) described: Described,
    pub(crate) claimed: bool,
    pub(crate) run: fn() -> Verdict,
}

/// What a [`Behaviour`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The capability that it needs, if it isn't asked of every adapter.
    pub needs: Option<Capability>,
}

/// What behaviours are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Group {
    /// Slugs and schema names.
    Names,
    /// Records of tenants, and their life.
    Repository,
    /// Making, migrating and dropping schemas.
    Provisioning,
    /// Migrating many tenants.
    Fleet,
    /// Entering and leaving scopes.
    Scope,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Behaviour {
    pub(crate) fn of<H: Harness>(described: Described, run: fn() -> Verdict) -> Self {
        let claims = H::claims();
        Self {
            described,
            claimed: described.needs.is_none_or(|needed| claims.include(needed)),
            run,
        }
    }

    /// What it is about.
    pub fn described(&self) -> Described {
        self.described
    }

    /// Whether the adapter claims what the behaviour needs.
    pub fn is_claimed(&self) -> bool {
        self.claimed
    }

    /// Runs it in a world of its own.
    ///
    /// Without the claim, it has to end in [`ScopeError::Unsupported`](tenantry::ports::ScopeError::Unsupported).
    ///
    /// # Errors
    /// What was seen that shouldn't have been; a panic and a behaviour that doesn't end are that, too.
    pub fn check(&self) -> Verdict {
        judged(self.claimed, within_patience(self.run))
    }
}

/// The verdict on a behaviour that needs a capability: without the claim, it has to end in `Unsupported`.
pub(crate) fn judged(claimed: bool, verdict: Verdict) -> Verdict {
    match (claimed, verdict) {
        (true, Err(violation)) if violation.is_unsupported() => Err(Violation::new(format!(
            "it is claimed, and yet isn't supported: {violation}"
        ))),
        (true, verdict) => verdict,
        (false, Err(violation)) if violation.is_unsupported() => Ok(()),
        (false, Err(violation)) => Err(Violation::new(format!(
            "without the claim, the error has to be `Unsupported`: {violation}"
        ))),
        (false, Ok(())) => Err(Violation::new("it holds without the claim: claim it")),
    }
}

pub(crate) fn within_patience(run: fn() -> Verdict) -> Verdict {
    let (tell, told) = mpsc::channel();
    let spawned = thread::Builder::new().spawn(move || {
        let verdict = catch_unwind(AssertUnwindSafe(run))
            .unwrap_or_else(|panic| Err(Violation::new(format!("a panic: {}", text_of(&*panic)))));
        // Nobody listens any longer if patience has run out.
        let _ = tell.send(verdict);
    });
    if let Err(error) = spawned {
        return Err(Violation::new(format!("no thread to run it on: {error}")));
    }
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        Err(Violation::new(format!(
            "it didn't end within {} s",
            PATIENCE.as_secs()
        )))
    })
}

pub(crate) fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}
