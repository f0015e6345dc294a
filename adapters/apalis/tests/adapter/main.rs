//! Jobs on apalis, its own workers running on a real PostgreSQL.

mod conformance;
mod putting_in;
mod running;
mod tenants;
mod wiring;
mod world;
