//! Tenants' schemas on a real PostgreSQL.

mod creating;
mod locks;
mod migrating;
mod outside;
mod refusals;
mod removing;
mod shared;
mod support;
