//! Connections: how they are opened.

pub(crate) mod open;
