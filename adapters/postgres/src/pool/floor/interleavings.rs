//! The pool's floor in every order in which scopes, cleaners and the pool's end come: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use tenantry::TenantId;
use tenantry::ports::{ScopeError, ScopeName};
use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::rand::{Rng, thread_rng};
use tenantry_interleavings::shuttle::sync::Mutex as Shared;
use tenantry_interleavings::shuttle::sync::atomic::{AtomicU32, Ordering};
use tenantry_interleavings::shuttle::thread::{self, JoinHandle};

use super::{Condvar, Count, Floor, GateLimits, Lendable, Pick, Returned};

const LIMITS: GateLimits = GateLimits {
    all: 2,
    one_tenant: 1,
};
const TENANTS_PER_CONNECTION: usize = 2;
/// There is no time: a wait times out at any moment, or never.
const PATIENCE: Duration = Duration::ZERO;

fn tenant(number: u8) -> ScopeName {
    ScopeName::Tenant(TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]))
}

/// A connection that leads nowhere, and counts while it is open.
struct Link {
    open: Arc<AtomicU32>,
    last: Option<ScopeName>,
    served: Vec<ScopeName>,
    broken: bool,
}

impl Lendable for Link {
    fn last(&self) -> Option<ScopeName> {
        self.last
    }

    fn has_served(&self, who: ScopeName) -> bool {
        self.served.contains(&who)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

type Enter = fn(&Floor<Link>, ScopeName) -> Result<Pick<Link>, ScopeError>;

fn ours(floor: &Floor<Link>, who: ScopeName) -> Result<Pick<Link>, ScopeError> {
    floor.enter(who, PATIENCE)
}

/// A pool's scopes and cleaners, without a server.
#[derive(Clone)]
struct Pool {
    floor: Arc<Floor<Link>>,
    open: Arc<AtomicU32>,
    inside: Arc<Shared<Vec<ScopeName>>>,
    enter: Enter,
    most_open: u32,
}

impl Pool {
    fn new(limits: GateLimits, enter: Enter) -> Self {
        Self {
            floor: Arc::new(Floor::new(limits)),
            open: Arc::default(),
            inside: Arc::default(),
            enter,
            most_open: LIMITS.all,
        }
    }

    fn clean(&self) -> JoinHandle<()> {
        let pool = self.clone();
        thread::spawn(move || {
            while let Some(returned) = pool.floor.next_returned() {
                pool.adds_up();
                pool.clean_one(returned);
            }
        })
    }

    fn clean_one(&self, mut returned: Returned<Link>) {
        let link = &mut returned.lent;
        if link.broken {
            self.floor.count(Count::Discarded);
            self.floor.close_returned(returned);
            return;
        }
        link.last = Some(returned.who);
        let is_full = link.served.len() >= TENANTS_PER_CONNECTION;
        self.floor.count(Count::Cleaned);
        self.floor.shelve(returned, is_full);
    }

    fn scope(&self, who: ScopeName) -> Result<Link, ScopeError> {
        let mut link = match (self.enter)(&self.floor, who)? {
            Pick::Ready(link) => link,
            Pick::Open => self.open(),
            Pick::Replace(full) => {
                drop(full);
                self.open()
            }
        };
        if !link.has_served(who) {
            link.served.push(who);
        }
        let mut inside = self.inside.lock().unwrap();
        inside.push(who);
        let of_one = inside.iter().filter(|other| **other == who).count();
        let is_within = who == ScopeName::Shared || of_one <= LIMITS.one_tenant as usize;
        assert!(is_within, "too many of one tenant");
        assert!(inside.len() <= LIMITS.all as usize, "too many inside");
        assert!(
            link.served.len() <= TENANTS_PER_CONNECTION,
            "a connection serves too many tenants"
        );
        Ok(link)
    }

    fn open(&self) -> Link {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(open <= self.most_open, "more connections than there may be");
        self.floor.count(Count::Opened);
        Link {
            open: Arc::clone(&self.open),
            last: None,
            served: Vec::new(),
            broken: false,
        }
    }

    fn is_left(&self, who: ScopeName) {
        let mut inside = self.inside.lock().unwrap();
        let at = inside.iter().position(|other| *other == who).unwrap();
        inside.swap_remove(at);
    }

    fn give_back(&self, lent: Link, who: ScopeName) {
        self.is_left(who);
        let served = None;
        self.floor.give_back(Returned { lent, who, served });
    }

    fn discard(&self, link: Link, who: ScopeName) {
        self.is_left(who);
        self.floor.count(Count::Discarded);
        drop(link);
        self.floor.close_one(who);
    }

    fn adds_up(&self) {
        let now = self.floor.statistics();
        let sum = now.idle + now.in_use + now.cleaning;
        assert_eq!(now.size, sum, "the numbers of now don't add up: {now:?}");
        assert!(now.size <= LIMITS.all, "more than there may be: {now:?}");
    }

    fn is_empty(&self) {
        let left = self.floor.statistics();
        let left = [
            left.size,
            left.idle,
            left.in_use,
            left.cleaning,
            left.waiting,
        ];
        assert_eq!(left, [0; 5], "something counts that nobody has");
        let open = self.open.load(Ordering::SeqCst);
        assert_eq!(open, 0, "a connection is open in a closed pool");
    }
}

/// How a scope ends.
#[derive(Clone, Copy)]
enum End {
    Well,
    /// Its connection can't be cleaned.
    Broken,
    /// In a panic, say.
    Unsaid,
}

/// Scopes in four threads, two of them of one tenant, and two cleaners; then there is room for all again.
fn scopes_come_and_go(limits: GateLimits, enter: Enter) {
    let pool = Pool::new(limits, enter);
    let cleaners = [pool.clean(), pool.clean()];
    let scopes = [
        (tenant(1), [End::Well, End::Broken]),
        (tenant(1), [End::Well, End::Well]),
        (tenant(2), [End::Unsaid, End::Well]),
        (ScopeName::Shared, [End::Well, End::Unsaid]),
    ];
    let threads = scopes.map(|(who, ends)| {
        let pool = pool.clone();
        thread::spawn(move || ends.map(|end| a_scope(&pool, who, end)))
    });
    let entered = threads.map(|thread| thread.join().unwrap());
    let entered = entered.iter().flatten().filter(|entered| **entered).count();

    let both = [tenant(1), tenant(3)].map(|who| (until_let_in(&pool, who), who));
    let counts = pool.floor.statistics();
    assert_eq!(counts.in_use, LIMITS.all);
    let ended = counts.cleaned + counts.discarded;
    assert_eq!(ended, entered as u64, "a count is lost");
    for (link, who) in both {
        pool.give_back(link, who);
    }
    pool.floor.close();
    for cleaner in cleaners {
        cleaner.join().unwrap();
    }
    pool.is_empty();
}

fn a_scope(pool: &Pool, who: ScopeName, end: End) -> bool {
    pool.adds_up();
    let mut link = match pool.scope(who) {
        Ok(link) => link,
        Err(ScopeError::PoolExhausted { .. } | ScopeError::TenantLimit { .. }) => return false,
        Err(error) => panic!("{error}"),
    };
    thread::yield_now();
    pool.adds_up();
    match end {
        End::Well => pool.give_back(link, who),
        End::Broken => {
            link.broken = true;
            pool.give_back(link, who);
        }
        End::Unsaid => pool.discard(link, who),
    }
    true
}

fn until_let_in(pool: &Pool, who: ScopeName) -> Link {
    loop {
        if let Ok(link) = pool.scope(who) {
            return link;
        }
        thread::yield_now();
    }
}

#[test]
fn everybody_gets_in_within_the_limits_in_whatever_order() {
    Exploration::of(600).holds(|| scopes_come_and_go(LIMITS, ours));
}

#[test]
fn who_gives_up_waiting_takes_no_room_along_in_whatever_order() {
    Exploration::of(600)
        .with_timeouts()
        .holds(|| scopes_come_and_go(LIMITS, ours));
}

#[test]
fn a_wakeup_that_is_lost_is_found_out() {
    let lost = Exploration::of(1_000).losing_wakeups();
    let found = lost.finds(|| scopes_come_and_go(LIMITS, ours));
    assert!(found.is_some_and(|text| text.contains("deadlock")));
}

/// Looks whether there is room, and then enters a gate that lets all in.
fn looks_and_then_enters(floor: &Floor<Link>, who: ScopeName) -> Result<Pick<Link>, ScopeError> {
    let now = floor.statistics();
    if now.in_use + now.cleaning < LIMITS.all {
        return floor.enter(who, PATIENCE);
    }
    let (size, waited) = (LIMITS.all, PATIENCE);
    Err(ScopeError::PoolExhausted { size, waited })
}

#[test]
fn looking_for_room_and_then_taking_it_is_found_out() {
    const OPEN_GATE: GateLimits = GateLimits {
        all: 9,
        one_tenant: 9,
    };
    let found =
        Exploration::of(1_000).finds(|| scopes_come_and_go(OPEN_GATE, looks_and_then_enters));
    assert!(found.is_some());
}

/// Gives up when the time is over, without a look at whether its turn came meanwhile.
fn gives_up_unasked(floor: &Floor<Link>, who: ScopeName) -> Result<Pick<Link>, ScopeError> {
    let mut state = floor.state.lock();
    if let Err(ticket) = state.gate.enter(who) {
        let bell = Arc::new(Condvar::new());
        state.bells.insert(ticket, Arc::clone(&bell));
        while !state.gate.turn_came(ticket) {
            if bell.wait_until(&mut state, Instant::now()).timed_out() {
                state.bells.remove(&ticket);
                let shut = state.gate.give_up(ticket, who);
                return Err(floor.refusal(shut, who, PATIENCE));
            }
        }
        state.bells.remove(&ticket);
    }
    Ok(state.pick(who, floor.limits.all))
}

#[test]
fn a_turn_that_is_given_up_unasked_is_found_out() {
    let found = Exploration::of(1_000)
        .with_timeouts()
        .finds(|| scopes_come_and_go(LIMITS, gives_up_unasked));
    assert!(found.is_some());
}

/// Two wait for the only room, and its holder wants it again: each gets it in the order in which they came.
fn two_wait_for_one_room() {
    const ONE: GateLimits = GateLimits {
        all: 1,
        one_tenant: 1,
    };
    let pool = Pool::new(ONE, ours);
    let cleaner = pool.clean();
    let order = Arc::new(Shared::new(Vec::new()));
    let enter = |pool: &Pool, order: &Shared<Vec<u8>>, number| {
        let link = pool.scope(tenant(number)).unwrap();
        order.lock().unwrap().push(number);
        link
    };
    let link = enter(&pool, &order, 0);
    let waiting = [1, 2].map(|number| {
        let (waiter, order) = (pool.clone(), order.clone());
        let thread = thread::spawn(move || {
            let link = enter(&waiter, &order, number);
            waiter.give_back(link, tenant(number));
        });
        while pool.floor.statistics().waiting < u32::from(number) {
            thread::yield_now();
        }
        thread
    });
    pool.give_back(link, tenant(0));
    let link = enter(&pool, &order, 3);
    pool.discard(link, tenant(3));
    for thread in waiting {
        thread.join().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3], "one was overtaken");
    pool.floor.close();
    cleaner.join().unwrap();
    pool.is_empty();
}

#[test]
fn who_comes_first_is_let_in_first_in_whatever_order() {
    Exploration::of(1_000).holds(two_wait_for_one_room);
}

const LATEST: u32 = 40;

/// The pool's end meets scopes that are inside, that wait, that come after it, and what is being cleaned.
fn closed_at_any_moment() {
    let mut pool = Pool::new(LIMITS, ours);
    // Those that nobody uses are closed after their room is free: r2d2 waits for that before it opens another.
    pool.most_open += LIMITS.all;
    let cleaners = [pool.clean(), pool.clean()];
    let closing = {
        let floor = Arc::clone(&pool.floor);
        thread::spawn(move || {
            // It would be over before much else has happened.
            for _ in 0..thread_rng().gen_range(0..LATEST) {
                thread::yield_now();
            }
            floor.close();
        })
    };
    let scopes = [1, 1, 2, 3].map(|number| {
        let pool = pool.clone();
        thread::spawn(move || a_scope(&pool, tenant(number), End::Well))
    });
    for scope in scopes {
        assert!(scope.join().unwrap(), "it waits for nobody's room");
    }
    closing.join().unwrap();
    for cleaner in cleaners {
        cleaner.join().unwrap();
    }
    pool.is_empty();
}

#[test]
fn a_pool_that_is_closed_keeps_nobody_and_nothing_in_whatever_order() {
    Exploration::of(1_000).holds(closed_at_any_moment);
}
