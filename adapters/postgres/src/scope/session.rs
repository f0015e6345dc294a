use std::ops::{Deref, DerefMut};

use diesel::result::Error;
use tenantry::TenantContext;
use tenantry::ports::{ScopeError, ScopeMode};

use super::occupied::Occupied;
use super::proof::{self, Place};
use crate::TenantConnection;
use crate::pool::TenantPool;

/// A session scope: a connection inside one tenant for several statements, each of which commits by itself unless the
/// work begins a transaction.
///
/// Left by dropping it; what it did to the connection is cleared away like a transaction scope's. It stays on its
/// thread, so that scopes can't be mixed up there.
///
/// ```compile_fail
/// fn keep_on_one_thread<T: Send>() {}
/// keep_on_one_thread::<tenantry_postgres::Session>();
/// ```
#[must_use = "dropping the guard leaves the scope"]
pub struct Session {
    scope: Option<Occupied<TenantConnection>>,
}

impl TenantPool {
    /// Enters the tenant of `context` for several statements.
    ///
    /// For direct connections only: behind a pooler that hands the server out by transaction, the next statement may
    /// run on another server process, with another's path.
    ///
    /// # Errors
    /// [`ScopeError`].
    ///
    /// # Cost
    /// None, if a connection stands ready for this tenant, proven within [`trust`](crate::PoolSettings::trust); one
    /// round trip otherwise.
    pub fn session(&self, context: &TenantContext) -> Result<Session, ScopeError> {
        let schema = context.schema();
        let loan_of = |lent| TenantConnection::new(lent, schema);
        let place = Place::Tenant(schema);
        let scope = Occupied::enter(self.core(), place, ScopeMode::Session, loan_of)?;
        Ok(Session { scope: Some(scope) })
    }
}

impl Session {
    const HELD: &str = "a session holds its scope until it is dropped";

    /// The scope's error for a statement that failed in it: a schema that vanished, changed or isn't this tenant's any
    /// more is told by its name, everything else is [`ScopeError::Failed`] or [`ScopeError::Unavailable`].
    ///
    /// One round trip at most.
    pub fn explain(&mut self, error: Error) -> ScopeError {
        self.explanation()
            .unwrap_or_else(|| proof::scope_error(error))
    }

    pub(super) fn explanation(&mut self) -> Option<ScopeError> {
        self.scope.as_mut().expect(Self::HELD).explanation()
    }
}

impl Deref for Session {
    type Target = TenantConnection;

    fn deref(&self) -> &TenantConnection {
        self.scope.as_ref().expect(Self::HELD).connection_ref()
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut TenantConnection {
        self.scope.as_mut().expect(Self::HELD).connection()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(scope) = self.scope.take() {
            scope.give_back();
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Session").field(&**self).finish()
    }
}
