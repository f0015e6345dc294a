//! What one tenant caches, and what a flush leaves.

use tenantry::TenantContext;
use tenantry::cache::{CacheError, CacheKey, CacheOwner, TenantCache};

use super::checks::Checks;
use super::store::DemoStore;
use crate::cache::CacheStore;
use crate::error::CliError;

/// The same key for every tenant.
const KEY: &str = "greeting";

impl<S: DemoStore> Checks<'_, S> {
    pub(super) fn caches(
        &mut self,
        store: &CacheStore,
        contexts: &[TenantContext],
    ) -> Result<(), CliError> {
        let title = store.title();
        self.output
            .heading(&format!("\nThe same key in every tenant's cache, {title}"))?;
        let shown = self.show_caches(store, contexts);
        // What the demo put into a Redis that others use goes, whatever failed.
        for context in contexts {
            let owner = CacheOwner::Tenant(context.id());
            store.on(store.caches().for_operator(owner).flush())?;
        }
        shown
    }

    fn show_caches(
        &mut self,
        store: &CacheStore,
        contexts: &[TenantContext],
    ) -> Result<(), CliError> {
        let key = CacheKey::new(KEY).map_err(CliError::database)?;
        let caches: Vec<_> = contexts
            .iter()
            .map(|context| store.caches().tenant(context))
            .collect();
        for (cache, context) in caches.iter().zip(contexts) {
            store.on(cache.set(&key, value_of(context).as_bytes(), None))?;
        }
        let read = |cache: &TenantCache| store.on(cache.get(&key));
        let mut own = true;
        for (cache, context) in caches.iter().zip(contexts) {
            own &= is_of(read(cache)?.as_deref(), context);
        }
        self.check(own, &format!("{KEY:?} is another value for each of them"))?;
        let gone = store.on(caches[0].flush())?;
        let flushed = gone == 1 && read(&caches[0])?.is_none();
        let mut left = true;
        for (cache, context) in caches.iter().zip(contexts).skip(1) {
            left &= is_of(read(cache)?.as_deref(), context);
        }
        let text = format!(
            "{} flushes its cache, {gone} entry goes, and the others keep theirs",
            contexts[0].slug()
        );
        self.check(flushed && left, &text)?;
        let nobody = store.caches().current(None);
        let refused = matches!(nobody, Err(CacheError::NoTenant));
        self.check(
            refused,
            "without a tenant there is no cache, and no shared one instead",
        )
    }
}

fn value_of(context: &TenantContext) -> String {
    format!("hello {}", context.slug())
}

fn is_of(value: Option<&[u8]>, context: &TenantContext) -> bool {
    value == Some(value_of(context).as_bytes())
}
