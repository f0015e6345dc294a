use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry::ports::{ScopeError, ScopeName};

use super::gate::{Gate, GateLimits, Shut, Ticket};
use super::shelf::{Place, Shelf};
use super::statistics::PoolStatistics;
use crate::scope::proof::Place as Served;
use crate::sync::{Condvar, Mutex, MutexGuard};

#[cfg(all(test, shuttle))]
mod interleavings;

/// Everything that scopes and the cleaner meet over: who is inside, what stands ready, what waits to be cleaned.
pub(super) struct Floor<T> {
    limits: GateLimits,
    state: Mutex<State<T>>,
    /// Something came back, or the pool is closed.
    something_returned: Condvar,
}

struct State<T> {
    gate: Gate,
    shelf: Shelf<T>,
    returned: VecDeque<Returned<T>>,
    bells: HashMap<Ticket, Arc<Condvar>>,
    being_cleaned: u32,
    size: u32,
    closed: bool,
    counts: PoolStatistics,
}

/// What is asked of a connection before it is lent again.
pub(super) trait Lendable {
    /// Whom it served last.
    fn last(&self) -> Option<ScopeName>;

    /// Whether it takes no room in the server for `who` that it hasn't taken already.
    fn has_served(&self, who: ScopeName) -> bool;
}

/// A connection that a scope gave back.
pub(super) struct Returned<T> {
    pub(super) lent: T,
    pub(super) who: ScopeName,
    /// The place that it was in, if it got so far.
    pub(super) served: Option<Served>,
}

/// What somebody who was let in gets.
pub(super) enum Pick<T> {
    /// A clean connection.
    Ready(T),
    /// Room for a new one.
    Open,
    /// This one has served enough tenants: its room is for a new one.
    Replace(T),
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

impl<T: Lendable> Floor<T> {
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
    pub(super) fn enter(&self, who: ScopeName, patience: Duration) -> Result<Pick<T>, ScopeError> {
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
    pub(super) fn give_back(&self, returned: Returned<T>) {
        let mut state = self.state.lock();
        if state.closed {
            state.being_cleaned += 1;
            drop(state);
            self.close_returned(returned);
            return;
        }
        state.returned.push_back(returned);
        self.something_returned.notify_one();
    }

    /// Frees the room of a connection that a scope closed.
    pub(super) fn close_one(&self, who: ScopeName) {
        self.state.lock().close_one(who);
    }

    /// Closes a connection that was to be cleaned, and frees its room.
    pub(super) fn close_returned(&self, returned: Returned<T>) {
        let who = returned.who;
        drop(returned);
        let mut state = self.state.lock();
        state.being_cleaned = state.being_cleaned.saturating_sub(1);
        state.close_one(who);
    }

    /// Frees the room of a connection that was to be cleaned, and is.
    pub(super) fn shelve(&self, returned: Returned<T>, full: bool) {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            self.close_returned(returned);
            return;
        }
        state.being_cleaned = state.being_cleaned.saturating_sub(1);
        let Returned { lent, who, .. } = returned;
        let last = lent.last();
        state.shelf.put(Place {
            item: lent,
            last,
            full,
        });
        state.let_out(who);
    }

    /// The next connection to clean, which is to be shelved or closed; `None` once the pool is closed.
    pub(super) fn next_returned(&self) -> Option<Returned<T>> {
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

    /// Ends the cleaner, and closes what nobody uses. Scopes that are entered end as usual, and those that wait get in.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let idle = state.shelf.take_all();
        state.size = state.size.saturating_sub(number(idle.len()));
        let dirty = std::mem::take(&mut state.returned);
        state.being_cleaned += number(dirty.len());
        drop(state);
        self.something_returned.notify_all();
        drop(idle);
        for returned in dirty {
            self.close_returned(returned);
        }
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        let state = self.state.lock();
        let cleaning = state.being_cleaned + number(state.returned.len());
        // Whose turn came while it slept has room, and no connection yet.
        let let_in = number(state.gate.let_in_unawares());
        PoolStatistics {
            size: state.size,
            idle: number(state.shelf.len()),
            in_use: state.gate.taken().saturating_sub(cleaning + let_in),
            cleaning,
            waiting: number(state.gate.waiting()) + let_in,
            ..state.counts
        }
    }
}

impl<T: Lendable> State<T> {
    /// Its own connection, else a new one, else the one that others need least.
    fn pick(&mut self, who: ScopeName, all: u32) -> Pick<T> {
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

    fn close_one(&mut self, who: ScopeName) {
        self.size = self.size.saturating_sub(1);
        self.let_out(who);
    }

    fn let_out(&mut self, who: ScopeName) {
        if let Some(ticket) = self.gate.leave(who)
            && let Some(bell) = self.bells.get(&ticket)
        {
            bell.notify_one();
        }
    }
}

fn wait<T>(
    state: &mut MutexGuard<'_, State<T>>,
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
