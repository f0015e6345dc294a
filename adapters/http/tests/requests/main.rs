//! Requests over real connections, through axum and through tonic, and the directory behind them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod context;
mod directory;
mod following;
mod grpc;
mod limits;
mod paths;
mod refusals;
mod scopes;
mod sources;
#[cfg(feature = "jwt")]
mod tokens;
mod world;
