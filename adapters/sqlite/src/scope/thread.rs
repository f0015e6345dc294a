use std::marker::PhantomData;

use tenantry::ports::{ScopeError, ScopeName, ScopeStack};

use crate::connection::Owner;

thread_local! {
    static SCOPES: ScopeStack = const { ScopeStack::new() };
}

/// That this thread is in a scope. Dropping it leaves the scope.
pub(crate) struct Place {
    nested: bool,
    thread: PhantomData<*const ()>,
}

impl Place {
    /// Enters the scope of `owner`, or the same one again.
    pub(crate) fn enter(owner: Owner) -> Result<Self, ScopeError> {
        let wanted = match owner {
            Owner::Tenant(schema) => ScopeName::Tenant(schema.tenant),
            Owner::Shared => ScopeName::Shared,
        };
        SCOPES.with(|scopes| {
            let nested = scopes.current().is_some();
            scopes.enter(wanted)?;
            Ok(Self {
                nested,
                thread: PhantomData,
            })
        })
    }

    /// Whether the thread was in this scope before.
    pub(crate) fn is_nested(&self) -> bool {
        self.nested
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A thread that ends has no scopes left to leave.
        let _ = SCOPES.try_with(ScopeStack::leave);
    }
}
