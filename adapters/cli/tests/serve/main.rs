//! `tenantry serve` as a process, on both databases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod container;
mod life;
mod oidc;
mod operators;
mod otlp;
mod parts;
mod readiness;
mod settings;
mod starting;
mod world;
