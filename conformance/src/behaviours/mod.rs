//! The behaviours, each a function named as a sentence.

pub(crate) mod fleet;
pub(crate) mod interrupted;
pub(crate) mod lifecycle;
pub(crate) mod listing;
pub(crate) mod names;
pub(crate) mod provisioning;
pub(crate) mod records;
pub(crate) mod schemas;
pub(crate) mod scope;
pub(crate) mod threads;
