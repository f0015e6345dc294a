//! What requests say of their tenants: a table of hosts, the other sources, and laws that hold for any input.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builder;
mod hosts;
mod laws;
mod sources;
mod support;
