use std::time::Instant;

use diesel::connection::{CacheSize, get_default_instrumentation};
use diesel::pg::{GetPgMetadataCache, PgMetadataCache};
use diesel::prelude::*;
use diesel::result::Error;
use tenantry::ports::ScopeName;
use tenantry::{TenantId, TenantSchema};

use super::open::Opened;
use crate::Fault;

/// A connection of the pool, and what is known about it.
pub(crate) struct Link {
    pub(crate) connection: PgConnection,
    /// Tells it apart from every other of this process.
    pub(crate) serial: u64,
    pub(crate) backend: i32,
    /// Whether it leads to PostgreSQL itself.
    pub(crate) direct: bool,
    /// It must not be used again: r2d2 closes it.
    pub(crate) broken: bool,
    pub(crate) opened_at: Instant,
    pub(crate) last: Option<ScopeName>,
    pub(crate) warm: Option<Warm>,
    /// Whose rights its session had when it was opened, as the server tells it.
    pub(crate) role: String,
    /// Diesel's caches may hold OIDs of types that are this scope's own.
    pub(crate) types_of: Option<ScopeName>,
    /// Whether the places that it served have types of their own, as far as the server was asked.
    types: Vec<(ScopeName, bool)>,
    pub(crate) one_trip: OneTrip,
    /// Work was lent Diesel's own connection, and may have put another in its place.
    pub(crate) exposed: bool,
    served: Vec<TenantId>,
    pub(crate) trouble: Trouble,
}

/// The session's path is this tenant's, under a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Warm {
    pub(crate) schema: TenantSchema,
    pub(crate) proven_at: Instant,
}

impl Warm {
    pub(crate) fn proven_now(schema: TenantSchema) -> Self {
        Self {
            schema,
            proven_at: Instant::now(),
        }
    }
}

/// The statement that proves a returned connection in the trip that cleans it.
#[derive(Clone, Debug)]
pub(crate) enum OneTrip {
    Unprepared,
    /// Under this name.
    Prepared(String),
    /// It failed here once: what it fails on comes back.
    Never,
}

/// What a scope's statements ran into, beside the work's own errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// What the server said of a plan that went stale.
    pub(crate) stale_plan: Option<String>,
    /// A statement failed in a way that a vanished schema explains.
    pub(crate) doubtful: bool,
}

impl Trouble {
    /// Remembers what a failed statement means.
    pub(crate) fn note<T>(&mut self, result: QueryResult<T>, broken: &mut bool) -> QueryResult<T> {
        if let Err(error) = &result {
            match Fault::of(error) {
                Fault::PlanStale => self.stale_plan = Some(error.to_string()),
                Fault::Unavailable => *broken = true,
                _ => self.doubtful |= matches!(error, Error::DatabaseError(..)),
            }
        }
        result
    }
}

impl Link {
    pub(crate) fn new(opened: Opened, serial: u64) -> Self {
        let Opened {
            mut connection,
            backend,
            direct,
        } = opened;
        if !direct {
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Self {
            connection,
            serial,
            backend,
            direct,
            broken: false,
            opened_at: Instant::now(),
            last: None,
            warm: None,
            role: String::new(),
            types_of: None,
            types: Vec::new(),
            one_trip: OneTrip::Unprepared,
            exposed: false,
            served: Vec::new(),
            trouble: Trouble::default(),
        }
    }

    /// Whether Diesel's caches may hold types that a scope of `who` must not find there.
    ///
    /// A direct connection is asked on its return whether its scope has types of its own. Behind a pooler nobody asks.
    pub(crate) fn knows_types_of_another(&self, who: ScopeName) -> bool {
        let of = if self.direct {
            self.types_of
        } else {
            self.last
        };
        of.is_some_and(|of| of != who)
    }

    /// Whether this place has types of its own, if the server was asked.
    pub(crate) fn has_own_types(&self, who: ScopeName) -> Option<bool> {
        let known = self.types.iter().find(|(of, _)| *of == who);
        known.map(|(_, own)| *own)
    }

    /// Remembers what the server says of the types of the place that was just left.
    pub(crate) fn note_types(&mut self, of: ScopeName, own: bool) {
        if own {
            self.types_of = Some(of);
        }
        self.types.retain(|(known, _)| *known != of);
        self.types.push((of, own));
    }

    /// How many tenants it served so far.
    pub(crate) fn tenants_served(&self) -> usize {
        self.served.len()
    }

    pub(crate) fn has_served(&self, who: ScopeName) -> bool {
        match who {
            ScopeName::Tenant(id) => self.served.contains(&id),
            ScopeName::Shared => true,
        }
    }

    /// Remembers whom it serves from now on.
    pub(crate) fn serve(&mut self, who: ScopeName) {
        if let ScopeName::Tenant(id) = who
            && !self.served.contains(&id)
        {
            self.served.push(id);
        }
        self.last = Some(who);
        self.trouble = Trouble::default();
    }

    /// Remembers what a failed statement means for the connection and for the scope.
    pub(crate) fn observe<T>(&mut self, result: QueryResult<T>) -> QueryResult<T> {
        self.trouble.note(result, &mut self.broken)
    }

    /// Whether the server has ended the session. Asks nobody: it reads what has arrived already.
    pub(crate) fn is_known_dead(&mut self) -> bool {
        // The first look takes in the server's farewell, the second finds the end behind it.
        (0..2).any(|_| self.connection.notifications_iter().any(|n| n.is_err()))
    }

    /// A `COPY` failed, with an error of the work's own type.
    pub(crate) fn note_failed_copy(&mut self) {
        self.trouble.doubtful = true;
        self.broken |= self.is_known_dead();
    }

    /// Throws away what arrived for a former borrower: notifications that libpq keeps.
    pub(crate) fn drop_notifications(&mut self) -> QueryResult<()> {
        self.connection
            .notifications_iter()
            .try_for_each(|notification| notification.map(drop))
    }

    /// Puts back what a borrower may have changed on this side of the wire.
    pub(crate) fn reset_client_side(&mut self) {
        self.connection
            .set_instrumentation(get_default_instrumentation());
        self.connection
            .set_prepared_statement_cache_size(if self.direct {
                CacheSize::Unbounded
            } else {
                CacheSize::Disabled
            });
    }

    /// Empties Diesel's caches of statements and type OIDs. The server's statements must be deallocated with it, if it
    /// has any: on a direct connection.
    pub(crate) fn forget_caches(&mut self) {
        self.connection
            .set_prepared_statement_cache_size(CacheSize::Disabled);
        self.reset_client_side();
        *self.connection.get_metadata_cache() = PgMetadataCache::new();
        self.types_of = None;
        if let OneTrip::Prepared(_) = self.one_trip {
            self.one_trip = OneTrip::Unprepared;
        }
    }
}
