//! Operators who have a token: a file that names them, with the digests of their tokens.

mod auth;
mod command;
mod file;
mod record;

pub(crate) use auth::Operators;
pub(crate) use command::run as run_command;
pub(crate) use file::{OperatorFile, OperatorsError};
