//! By an identity provider: one of the test's own on loopback, with real keys, and everything that may be wrong with what it
//! says.

mod issuer;
mod refusals;
mod signing_in;
mod world;
