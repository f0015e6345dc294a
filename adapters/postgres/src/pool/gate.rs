use std::collections::{HashMap, HashSet, VecDeque};

use tenantry::ports::ScopeName;

/// Who may hold a connection: so many at once, so many of one tenant, first come, first served.
///
/// Data alone: whoever keeps it brings the lock and the clock.
#[derive(Debug)]
pub(super) struct Gate {
    limits: GateLimits,
    inside: HashMap<ScopeName, u32>,
    taken: u32,
    waiting: VecDeque<(Ticket, ScopeName)>,
    granted: HashSet<Ticket>,
    next: u64,
}

/// What a [`Gate`] allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct GateLimits {
    pub(super) all: u32,
    pub(super) one_tenant: u32,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ticket(u64);

/// Why somebody is still outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    Everything,
    Tenant,
}

impl Gate {
    pub(super) fn new(limits: GateLimits) -> Self {
        Self {
            limits,
            inside: HashMap::new(),
            taken: 0,
            waiting: VecDeque::new(),
            granted: HashSet::new(),
            next: 0,
        }
    }

    /// Lets `who` in at once, or gives a place in the queue.
    ///
    /// Nobody is overtaken by it: whoever waits while there is room waits for its own tenant's share.
    pub(super) fn enter(&mut self, who: ScopeName) -> Result<(), Ticket> {
        if self.shut(who).is_none() {
            self.let_in(who);
            return Ok(());
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.push_back((ticket, who));
        Err(ticket)
    }

    /// Whether the turn of `ticket` has come. Asked once with the answer yes.
    pub(super) fn turn_came(&mut self, ticket: Ticket) -> bool {
        self.granted.remove(&ticket)
    }

    /// Gives a place in the queue up, and says what kept the gate shut.
    pub(super) fn give_up(&mut self, ticket: Ticket, who: ScopeName) -> Shut {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        self.shut(who).unwrap_or(Shut::Everything)
    }

    /// Lets `who` out, and whoever is next in: whose turn came.
    pub(super) fn leave(&mut self, who: ScopeName) -> Option<Ticket> {
        self.taken = self.taken.saturating_sub(1);
        if let Some(count) = self.inside.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.inside.remove(&who);
            }
        }
        let next = self
            .waiting
            .iter()
            .position(|(_, waiting)| self.shut(*waiting).is_none());
        let (ticket, next) = self.waiting.remove(next?)?;
        self.let_in(next);
        self.granted.insert(ticket);
        Some(ticket)
    }

    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many haven't asked yet since their turn came.
    pub(super) fn let_in_unawares(&self) -> usize {
        self.granted.len()
    }

    fn shut(&self, who: ScopeName) -> Option<Shut> {
        let of_tenant = match who {
            ScopeName::Tenant(_) => self.inside.get(&who).copied().unwrap_or(0),
            ScopeName::Shared => 0,
        };
        if of_tenant >= self.limits.one_tenant {
            Some(Shut::Tenant)
        } else if self.taken >= self.limits.all {
            Some(Shut::Everything)
        } else {
            None
        }
    }

    fn let_in(&mut self, who: ScopeName) {
        self.taken += 1;
        *self.inside.entry(who).or_insert(0) += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: ScopeName = ScopeName::Shared;

    fn tenant(number: u8) -> ScopeName {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a80{number:02}");
        ScopeName::Tenant(id.parse().expect("an id"))
    }

    fn gate(all: u32, one_tenant: u32) -> Gate {
        Gate::new(GateLimits { all, one_tenant })
    }

    #[test]
    fn who_comes_first_is_let_in_first() {
        let mut gate = gate(1, 1);
        assert!(gate.enter(SHARED).is_ok());
        let first = gate.enter(tenant(1)).expect_err("it is full");
        let second = gate.enter(tenant(2)).expect_err("it is full");
        assert_eq!(gate.leave(SHARED), Some(first));
        assert!(gate.turn_came(first) && !gate.turn_came(second));
        assert_eq!(gate.leave(tenant(1)), Some(second));
        assert!(gate.turn_came(second));
        assert_eq!(gate.leave(tenant(2)), None);
        assert_eq!((gate.taken(), gate.waiting()), (0, 0));
    }

    #[test]
    fn one_tenant_s_queue_keeps_nobody_else_waiting() {
        let mut gate = gate(3, 1);
        assert!(gate.enter(tenant(1)).is_ok());
        let greedy = gate.enter(tenant(1)).expect_err("its share is taken");
        assert!(gate.enter(tenant(2)).is_ok(), "there is room for others");
        assert_eq!(
            gate.leave(tenant(2)),
            None,
            "the greedy one's turn isn't that"
        );
        assert!(!gate.turn_came(greedy));
        assert_eq!(gate.leave(tenant(1)), Some(greedy));
        assert!(gate.turn_came(greedy));
    }

    #[test]
    fn who_gives_up_is_told_what_it_waited_for() {
        let mut gate = gate(2, 1);
        assert!(gate.enter(tenant(1)).is_ok());
        let ticket = gate.enter(tenant(1)).expect_err("its share is taken");
        assert_eq!(gate.give_up(ticket, tenant(1)), Shut::Tenant);
        assert!(gate.enter(SHARED).is_ok());
        let ticket = gate.enter(tenant(2)).expect_err("it is full");
        assert_eq!(gate.give_up(ticket, tenant(2)), Shut::Everything);
        assert_eq!(gate.leave(SHARED), None, "nobody waits any more");
    }
}
