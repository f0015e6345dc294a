//! The dashboard's pages as a browser without a script gets them: what is shown, what is offered, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changing;
mod lasting;
mod markup;
mod offered;
mod parts;
mod reading;
mod rows;
mod world;
