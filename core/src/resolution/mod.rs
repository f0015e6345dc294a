//! Which tenant a request is for, decided from its facts alone.

mod domain;

pub use domain::{DomainName, DomainNameError};
