use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use tenantry::ports::{ScopeError, ScopeMode, ScopeName};

use super::nesting::Nested;
use super::proof::{self, Place};
use crate::connection::link::Link;
use crate::pool::{Core, Count, Lent, cleaning};
use crate::{Fault, SharedConnection, TenantConnection};

/// What a scope lends to the work: made of a pool's connection, and turned into it again.
pub(super) trait Loan {
    fn lent(&mut self) -> &mut Lent;
    fn into_lent(self) -> Lent;
}

impl Loan for TenantConnection {
    fn lent(&mut self) -> &mut Lent {
        &mut self.lent
    }

    fn into_lent(self) -> Lent {
        self.lent
    }
}

impl Loan for SharedConnection {
    fn lent(&mut self) -> &mut Lent {
        &mut self.lent
    }

    fn into_lent(self) -> Lent {
        self.lent
    }
}

/// A connection inside a scope. Dropped before it is [given back](Occupied::give_back), as in a panic, it is closed.
pub(super) struct Occupied<C: Loan> {
    core: Arc<Core>,
    place: Place,
    who: ScopeName,
    marker: u64,
    serial: u64,
    loan: Option<C>,
    _nested: Nested,
}

impl<C: Loan> Occupied<C> {
    /// Enters: waits for a connection, sets its path and proves it. One that is found dead is replaced once.
    pub(super) fn enter(
        core: &Arc<Core>,
        place: Place,
        mode: ScopeMode,
        loan_of: impl FnOnce(Lent) -> C,
    ) -> Result<Self, ScopeError> {
        let who = place.name();
        let nested = Nested::enter(who)?;
        let marker = core.next_scope();
        let mut held = core.acquire(who)?;
        if held.link().is_known_dead() {
            held.replace()?;
        }
        let mut entered = enter_on(core, held.link(), &place, mode, marker);
        if matches!(entered, Err(Refused::Dead(_))) {
            held.replace()?;
            entered = enter_on(core, held.link(), &place, mode, marker);
        }
        match entered {
            Ok(()) => Ok(Self {
                core: Arc::clone(core),
                who,
                marker,
                serial: held.link().serial,
                loan: Some(loan_of(held.keep())),
                place,
                _nested: nested,
            }),
            Err(Refused::Dead(error)) => Err(error),
            Err(Refused::Stays(error)) => {
                held.give_back();
                Err(error)
            }
        }
    }

    /// The work's connection.
    pub(super) fn connection(&mut self) -> &mut C {
        self.loan
            .as_mut()
            .expect("a scope holds its connection until it is left")
    }

    pub(super) fn connection_ref(&self) -> &C {
        self.loan
            .as_ref()
            .expect("a scope holds its connection until it is left")
    }

    pub(super) fn link(&mut self) -> &mut Link {
        self.connection().lent()
    }

    pub(super) fn marker(&self) -> u64 {
        self.marker
    }

    /// Whether the work still has the connection that it was lent, and not one that it swapped it for.
    pub(super) fn is_the_same(&mut self) -> bool {
        let serial = self.serial;
        self.link().serial == serial
    }

    /// What the work's failed statements mean for the scope, if they mean more than the work's own error says.
    ///
    /// One trip, if a statement failed in a way that a vanished schema explains.
    pub(super) fn explanation(&mut self) -> Option<ScopeError> {
        let place = self.place.clone();
        let link = self.link();
        if let (Some(said), Place::Tenant(schema)) = (&link.trouble.stale_plan, &place) {
            return Some(proof::schema_changed(*schema, said.clone()));
        }
        if !link.trouble.doubtful || link.broken {
            return None;
        }
        let proven = link.connection.batch_execute(&place.prove());
        proven.err().and_then(|error| place.refusal(&error))
    }

    /// Gives the connection back to be cleaned.
    pub(super) fn give_back(mut self) {
        let same = self.is_the_same();
        let place = self.place.clone();
        if let Some(loan) = self.loan.take() {
            let lent = loan.into_lent();
            if lent.broken || !same {
                self.core.discard(lent, self.who);
            } else {
                self.core.give_back(lent, self.who, Some(place));
            }
        }
    }
}

impl<C: Loan> Drop for Occupied<C> {
    fn drop(&mut self) {
        if let Some(loan) = self.loan.take() {
            self.core.discard(loan.into_lent(), self.who);
        }
    }
}

enum Refused {
    /// The connection is dead, and nothing was done.
    Dead(ScopeError),
    /// The scope can't be entered; the connection is as good as any other.
    Stays(ScopeError),
}

fn enter_on(
    core: &Core,
    link: &mut Link,
    place: &Place,
    mode: ScopeMode,
    marker: u64,
) -> Result<(), Refused> {
    if mode == ScopeMode::Session && !link.direct {
        return Err(Refused::Stays(ScopeError::SessionRefused {
            reason: "a pooler hands the server out by transaction",
        }));
    }
    let who = place.name();
    let result = if link.knows_types_of_another(who) {
        cleaning::forget_caches(link).and_then(|()| send(core, link, place, mode, marker))
    } else {
        send(core, link, place, mode, marker)
    };
    result.map_err(|error| refused(link, place, error))
}

fn send(
    core: &Core,
    link: &mut Link,
    place: &Place,
    mode: ScopeMode,
    marker: u64,
) -> diesel::QueryResult<()> {
    link.serve(place.name());
    let warm = link.warm.filter(|warm| Some(warm.schema) == place.schema());
    let before = if !link.direct {
        proof::clear_pooled()
    } else if link.warm.is_some() && warm.is_none() {
        link.warm = None;
        proof::leave_other()
    } else {
        String::new()
    };
    if mode == ScopeMode::Transaction {
        return begin(link, &(before + &place.begin(marker)));
    }
    if warm.is_some_and(|warm| warm.proven_at.elapsed() < core.settings().trust) {
        core.count(Count::EnteredReady);
        return Ok(());
    }
    link.connection
        .batch_execute(&(before + &place.set_session(warm.is_some())))
}

fn begin(link: &mut Link, sql: &str) -> diesel::QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(&mut link.connection, sql)
}

fn refused(link: &mut Link, place: &Place, error: diesel::result::Error) -> Refused {
    if Fault::of(&error) == Fault::Unavailable {
        return Refused::Dead(proof::scope_error(error));
    }
    // An open transaction keeps a pooler's server from everybody else.
    if link.connection.batch_execute("ROLLBACK").is_err() {
        link.broken = true;
    }
    let refusal = place.refusal(&error);
    Refused::Stays(refusal.unwrap_or_else(|| proof::scope_error(error)))
}
