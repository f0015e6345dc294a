//! Nothing that a stranger writes makes a panic, or leads to a tenant that it doesn't name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod headers;
mod hosts;
mod layer;
mod paths;
mod tokens;

use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::resolution::{BaseDomain, Resolver, ResolverBuilder, Source};
use tenantry_http::PublicSuffixList;

/// How many texts each target tries, unless `BOLERO_RANDOM_ITERATIONS` says otherwise.
const TEXTS: usize = 50_000;
/// Fewer that come through than this would say that nothing was tried.
const ENOUGH: usize = 100;

/// How many texts came through.
struct Through(AtomicUsize);

impl Through {
    const fn none() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn must_be_enough(&self) {
        let through = self.0.load(Ordering::Relaxed);
        assert!(
            through >= ENOUGH,
            "only {through} came through: nothing was tried"
        );
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    tenantry_fuzz::seeds(env!("CARGO_MANIFEST_DIR"), target)
}

fn resolver(sources: impl IntoIterator<Item = Source>) -> Resolver {
    let base = BaseDomain::new("example.com", &PublicSuffixList).unwrap();
    let builder = Resolver::builder().base_domain(base);
    let builder = sources.into_iter().fold(builder, ResolverBuilder::source);
    builder.build().unwrap()
}
