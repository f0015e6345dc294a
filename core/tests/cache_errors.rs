//! What the errors of the cache say, and whether trying again helps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::time::Duration;

use tenantry::cache::{
    CacheError, CacheKey, CacheOwner, ComputeError, KeySpace, SpentBudget, StoredKey,
};
use tenantry::{BoxError, Retry};

fn key() -> StoredKey {
    KeySpace::shared().key(&CacheKey::new("a\nb").unwrap())
}

fn cause() -> BoxError {
    "the cause".into()
}

fn spent(spent: SpentBudget) -> CacheError {
    CacheError::BudgetSpent {
        owner: CacheOwner::Shared,
        spent,
    }
}

#[test]
fn what_passes_by_itself_is_worth_trying_later_and_nothing_else_is() {
    let waited = Duration::from_millis(250);
    for later in [
        spent(SpentBudget::Keys(3)),
        CacheError::TimedOut { waited },
        CacheError::Unavailable { source: cause() },
        CacheError::Full { source: cause() },
    ] {
        assert_eq!(later.retry(), Retry::Later, "{later}");
        let computing = ComputeError::<BoxError>::Cache(later);
        assert_eq!(computing.retry(), Some(Retry::Later));
    }
    for never in [
        CacheError::NoTenant,
        CacheError::NotANumber { key: key() },
        CacheError::Overflow { key: key() },
        CacheError::Forbidden { source: cause() },
        CacheError::Untrusted { source: cause() },
        CacheError::Failed { source: cause() },
        CacheError::Unencodable {
            key: key(),
            source: cause(),
        },
    ] {
        assert_eq!(never.retry(), Retry::Never, "{never}");
    }
    assert_eq!(ComputeError::Compute { source: cause() }.retry(), None);
}

#[test]
fn an_error_says_the_value_and_what_to_do_and_never_repeats_its_cause() {
    let text = spent(SpentBudget::Keys(3)).to_string();
    assert!(
        text.contains("budget of 3 keys") && text.contains("raise it"),
        "{text}"
    );
    let text = spent(SpentBudget::Bytes(70)).to_string();
    assert!(
        text.contains("the shared cache has spent its budget of 70 bytes"),
        "{text}"
    );
    let text = CacheError::NotANumber { key: key() }.to_string();
    assert!(text.contains(r#""shared:{shared}:a\nb""#), "{text}");
    let waited = Duration::from_millis(250);
    let text = CacheError::TimedOut { waited }.to_string();
    assert!(text.contains("within 250 ms"), "{text}");
    let error = CacheError::Unavailable { source: cause() };
    assert!(!error.to_string().contains("the cause"));
    assert_eq!(error.source().unwrap().to_string(), "the cause");
}
