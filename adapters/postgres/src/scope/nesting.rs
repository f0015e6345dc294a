use std::marker::PhantomData;

use tenantry::ports::{ScopeError, ScopeName, ScopeStack};

thread_local! {
    static SCOPES: ScopeStack = const { ScopeStack::new() };
}

/// The thread is in a scope for as long as this lives. It stays on its thread.
pub(super) struct Nested(PhantomData<*const ()>);

impl Nested {
    pub(super) fn enter(wanted: ScopeName) -> Result<Self, ScopeError> {
        SCOPES.with(|scopes| scopes.enter(wanted))?;
        Ok(Self(PhantomData))
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        // A thread that ends has left every scope.
        let _ = SCOPES.try_with(ScopeStack::leave);
    }
}
