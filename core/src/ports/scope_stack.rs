use core::cell::Cell;

use super::{ScopeError, ScopeName};

/// Which scope one thread is in: what an adapter refuses a switch by.
///
/// The core has no threads, so an adapter keeps one of these for each of its own, in a `thread_local!`.
///
/// ```
/// use tenantry::ports::{ScopeName, ScopeStack};
///
/// std::thread_local! {
///     static SCOPES: ScopeStack = const { ScopeStack::new() };
/// }
///
/// SCOPES.with(|scopes| {
///     scopes.enter(ScopeName::Shared)?;
///     scopes.enter(ScopeName::Shared)?; // the same again nests
///     scopes.leave();
///     scopes.leave();
///     Ok::<(), tenantry::ports::ScopeError>(())
/// })?;
/// # Ok::<(), tenantry::ports::ScopeError>(())
/// ```
#[derive(Debug, Default)]
pub struct ScopeStack {
    inside: Cell<Option<ScopeName>>,
    depth: Cell<usize>,
}

impl ScopeStack {
    /// A thread that is in no scope.
    pub const fn new() -> Self {
        Self {
            inside: Cell::new(None),
            depth: Cell::new(0),
        }
    }

    /// The scope that the thread is in.
    pub fn current(&self) -> Option<ScopeName> {
        self.inside.get()
    }

    /// Enters a scope, or the same one again.
    ///
    /// # Errors
    /// [`ScopeError::SwitchRefused`] if the thread is in another. Nothing changes then.
    pub fn enter(&self, wanted: ScopeName) -> Result<(), ScopeError> {
        match self.inside.get() {
            Some(inside) if inside != wanted => Err(ScopeError::SwitchRefused { inside, wanted }),
            _ => {
                self.inside.set(Some(wanted));
                self.depth.set(self.depth.get() + 1);
                Ok(())
            }
        }
    }

    /// Leaves the scope that was entered last. In no scope, it does nothing.
    pub fn leave(&self) {
        let depth = self.depth.get().saturating_sub(1);
        self.depth.set(depth);
        if depth == 0 {
            self.inside.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TenantId;

    fn tenant(number: u8) -> ScopeName {
        ScopeName::Tenant(TenantId::from_parts(
            chrono::DateTime::UNIX_EPOCH,
            [number; 10],
        ))
    }

    #[test]
    fn a_thread_in_no_scope_may_enter_any() {
        for wanted in [tenant(1), ScopeName::Shared] {
            let scopes = ScopeStack::new();
            assert_eq!(scopes.current(), None);
            scopes.enter(wanted).unwrap();
            assert_eq!(scopes.current(), Some(wanted));
        }
    }

    #[test]
    fn another_scope_is_refused_until_every_entry_was_left() {
        let scopes = ScopeStack::new();
        scopes.enter(tenant(1)).unwrap();
        scopes.enter(tenant(1)).unwrap();
        for wanted in [tenant(2), ScopeName::Shared] {
            let refused = scopes.enter(wanted);
            assert!(matches!(refused, Err(ScopeError::SwitchRefused { .. })));
        }
        scopes.leave();
        assert_eq!(scopes.current(), Some(tenant(1)), "one entry is left");
        assert!(scopes.enter(tenant(2)).is_err());
        scopes.leave();
        assert_eq!(scopes.current(), None);
        scopes.enter(tenant(2)).unwrap();
    }

    #[test]
    fn leaving_in_no_scope_does_nothing() {
        let scopes = ScopeStack::new();
        scopes.leave();
        scopes.enter(tenant(1)).unwrap();
        assert_eq!(scopes.current(), Some(tenant(1)));
    }
}
