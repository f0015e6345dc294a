//! Signing in over real connections: who gets in, how long, and what is done in nobody's name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod forgery;
mod links;
#[cfg(feature = "oidc")]
mod oidc;
mod sessions;
mod stores;
mod world;
