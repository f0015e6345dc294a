use std::sync::Mutex;

use r2d2::{ManageConnection, Pool};

use crate::error::CliError;

/// What the second borrower of a connection finds, after the first one did what it liked: an r2d2 pool of one, as an
/// application without Tenantry has it.
pub(crate) fn second_borrower<C: Send + 'static, T>(
    connection: C,
    first: impl FnOnce(&mut C) -> Result<(), CliError>,
    second: impl FnOnce(&mut C) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let manager = Given(Mutex::new(Some(connection)));
    let pool = Pool::builder()
        .max_size(1)
        .build(manager)
        .map_err(CliError::database)?;
    let mut borrowed = pool.get().map_err(CliError::database)?;
    first(&mut borrowed)?;
    drop(borrowed);
    let mut borrowed = pool.get().map_err(CliError::database)?;
    second(&mut borrowed)
}

/// A manager with one connection to give.
struct Given<C>(Mutex<Option<C>>);

#[derive(Debug, thiserror::Error)]
#[error("the pool of one has given its connection")]
struct Taken;

impl<C: Send + 'static> ManageConnection for Given<C> {
    type Connection = C;
    type Error = Taken;

    fn connect(&self) -> Result<C, Taken> {
        self.0
            .lock()
            .ok()
            .and_then(|mut given| given.take())
            .ok_or(Taken)
    }

    fn is_valid(&self, _connection: &mut C) -> Result<(), Taken> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut C) -> bool {
        false
    }
}
