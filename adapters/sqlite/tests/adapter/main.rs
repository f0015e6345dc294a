//! What is particular to the SQLite adapter, beside what the conformance suite asks of every adapter.

mod changes;
mod common;
mod records;
mod schemas;
mod scopes;
mod traps;
