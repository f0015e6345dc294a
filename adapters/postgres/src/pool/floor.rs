use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tenantry::ports::{ScopeError, ScopeName};

use super::gate::{Gate, GateLimits, Shut, Ticket};
use super::manager::Lent;
use super::shelf::{Place, Shelf};
use super::statistics::PoolStatistics;
use crate::scope::proof::Place as Served;

/// Everything that scopes and the cleaner meet over: who is inside, what stands ready, what waits to be cleaned.
pub(super) struct Floor {
    limits: GateLimits,
    state: Mutex<State>,
    /// Something came back, or the pool is closed.
    something_returned: Condvar,
}

struct State {
    gate: Gate,
    shelf: Shelf<Lent>,
    returned: VecDeque<Returned>,
    bells: HashMap<Ticket, Arc<Condvar>>,
    being_cleaned: u32,
    size: u32,
    closed: bool,
    counts: PoolStatistics,
}

/// A connection that a scope gave back.
pub(super) struct Returned {
    pub(super) lent: Lent,
    pub(super) who: ScopeName,
    /// The place that it was in, if it got so far.
    pub(super) served: Option<Served>,
}

/// What somebody who was let in gets.
pub(super) enum Pick {
    /// A clean connection.
    Ready(Lent),
    /// Room for a new one.
    Open,
    /// This one has served enough tenants: its room is for a new one.
    Replace(Lent),
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Opened,
    Cleaned,
    CleanedInOneTrip,
    Recycled,
    Discarded,
    Replaced,
    EnteredReady,
}

impl Floor {
    pub(super) fn new(limits: GateLimits) -> Self {
        Self {
            limits,
            state: Mutex::new(State {
                gate: Gate::new(limits),
                shelf: Shelf::new(),
                returned: VecDeque::new(),
                bells: HashMap::new(),
                being_cleaned: 0,
                size: 0,
                closed: false,
                counts: PoolStatistics::default(),
            }),
            something_returned: Condvar::new(),
        }
    }

    /// Waits to be let in, first come, first served, and picks a connection.
    pub(super) fn enter(&self, who: ScopeName, patience: Duration) -> Result<Pick, ScopeError> {
        let begun = Instant::now();
        let mut state = self.state.lock();
        if let Err(ticket) = state.gate.enter(who) {
            let bell = Arc::new(Condvar::new());
            state.bells.insert(ticket, Arc::clone(&bell));
            let came = wait(&mut state, &bell, ticket, begun + patience);
            state.bells.remove(&ticket);
            if !came {
                let shut = state.gate.give_up(ticket, who);
                return Err(self.refusal(shut, who, begun.elapsed()));
            }
        }
        Ok(state.pick(who, self.limits.all))
    }

    fn refusal(&self, shut: Shut, who: ScopeName, waited: Duration) -> ScopeError {
        match (shut, who) {
            (Shut::Tenant, ScopeName::Tenant(tenant)) => ScopeError::TenantLimit {
                tenant,
                limit: self.limits.one_tenant,
                waited,
            },
            _ => ScopeError::PoolExhausted {
                size: self.limits.all,
                waited,
            },
        }
    }

    /// Takes a connection back. Its room stays taken until it is clean.
    pub(super) fn give_back(&self, returned: Returned) {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            drop(returned);
            return;
        }
        state.returned.push_back(returned);
        self.something_returned.notify_one();
    }

    /// Frees the room of a connection that is closed.
    pub(super) fn close_one(&self, who: ScopeName) {
        let mut state = self.state.lock();
        state.size = state.size.saturating_sub(1);
        state.let_out(who);
    }

    /// Frees the room of a connection that is clean.
    pub(super) fn shelve(&self, lent: Lent, who: ScopeName, full: bool) {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            drop(lent);
            return;
        }
        let last = lent.last;
        state.shelf.put(Place {
            item: lent,
            last,
            full,
        });
        state.let_out(who);
    }

    /// The next connection to clean; `None` once the pool is closed.
    pub(super) fn next_returned(&self) -> Option<Returned> {
        let mut state = self.state.lock();
        loop {
            if let Some(returned) = state.returned.pop_front() {
                state.being_cleaned += 1;
                return Some(returned);
            }
            if state.closed {
                return None;
            }
            self.something_returned.wait(&mut state);
        }
    }

    /// The cleaner is done with the one that it took last.
    pub(super) fn cleaned_one(&self) {
        let mut state = self.state.lock();
        state.being_cleaned = state.being_cleaned.saturating_sub(1);
    }

    pub(super) fn count(&self, what: Count) {
        let counts = &mut self.state.lock().counts;
        let counter = match what {
            Count::Opened => &mut counts.opened,
            Count::Cleaned => &mut counts.cleaned,
            Count::CleanedInOneTrip => &mut counts.cleaned_in_one_trip,
            Count::Recycled => &mut counts.recycled,
            Count::Discarded => &mut counts.discarded,
            Count::Replaced => &mut counts.replaced,
            Count::EnteredReady => &mut counts.entered_ready,
        };
        *counter += 1;
    }

    /// Ends the cleaner, and closes what nobody uses.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let idle = state.shelf.take_all();
        let dirty = std::mem::take(&mut state.returned);
        drop(state);
        self.something_returned.notify_all();
        drop(idle);
        drop(dirty);
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        let state = self.state.lock();
        let cleaning = state.being_cleaned + number(state.returned.len());
        PoolStatistics {
            size: state.size,
            idle: number(state.shelf.len()),
            in_use: state.gate.taken().saturating_sub(cleaning),
            cleaning,
            waiting: number(state.gate.waiting()),
            ..state.counts
        }
    }
}

impl State {
    /// Its own connection, else a new one, else the one that others need least.
    fn pick(&mut self, who: ScopeName, all: u32) -> Pick {
        if let Some(own) = self.shelf.take_same(who) {
            return Pick::Ready(own);
        }
        if self.size < all {
            self.size += 1;
            return Pick::Open;
        }
        match self.shelf.take_oldest() {
            Some(place) if place.full && !place.item.has_served(who) => Pick::Replace(place.item),
            Some(place) => Pick::Ready(place.item),
            // Who is inside holds a connection, so there are fewer than all.
            None => Pick::Open,
        }
    }

    fn let_out(&mut self, who: ScopeName) {
        if let Some(ticket) = self.gate.leave(who)
            && let Some(bell) = self.bells.get(&ticket)
        {
            bell.notify_one();
        }
    }
}

fn wait(
    state: &mut MutexGuard<'_, State>,
    bell: &Condvar,
    ticket: Ticket,
    deadline: Instant,
) -> bool {
    loop {
        if state.gate.turn_came(ticket) {
            return true;
        }
        if bell.wait_until(state, deadline).timed_out() {
            return state.gate.turn_came(ticket);
        }
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
