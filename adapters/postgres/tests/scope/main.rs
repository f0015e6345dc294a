//! Scopes on a real PostgreSQL: what is promised, and a negative control wherever silence would look like success.

mod cleaning;
mod diesel_code;
mod futures;
mod leases;
mod one_trip;
mod pooler;
mod sessions;
mod sharing;
mod stale;
mod transactions;
mod world;
