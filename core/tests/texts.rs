//! What people read: names, errors and what they advise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use chrono::DateTime;
use tenantry::ports::{Mark, RepositoryError, SchemaError, ScopeError, ScopeName, TenantKey};
use tenantry::provisioning::{Answer, Provisioning};
use tenantry::{
    Actor, BoxError, Excerpt, Retry, SchemaName, ServiceError, Settings, Slug, Tenant, TenantId,
    TenantName, TenantSchema, TenantStatus, Version,
};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn id() -> TenantId {
    ID.parse().unwrap()
}

fn schema() -> TenantSchema {
    TenantSchema {
        tenant: id(),
        name: SchemaName::parse("tenant_acme").unwrap(),
    }
}

fn cause() -> BoxError {
    "the cause".into()
}

#[test]
fn every_name_shows_as_it_is_written() {
    let slug = Slug::new("acme").unwrap();
    assert_eq!((slug.to_string().as_str(), slug.as_ref()), ("acme", "acme"));
    let name = SchemaName::of(&slug);
    assert_eq!(
        (name.to_string().as_str(), name.as_ref()),
        ("tenant_acme", "tenant_acme")
    );
    assert_eq!(TenantName::new("Acme").unwrap().to_string(), "Acme");
    assert_eq!(Actor::named("user:42").unwrap().to_string(), "user:42");
    assert_eq!(Actor::system().to_string(), "system");
    assert_eq!(format!("{:>8}", TenantStatus::Active), "  active");
    assert_eq!(Version::FIRST.to_string(), "1");
    assert_eq!(schema().to_string(), format!("tenant_acme of tenant {ID}"));
    assert_eq!(TenantKey::Id(id()).to_string(), format!("id {ID}"));
    assert_eq!(TenantKey::Slug(slug).to_string(), "slug acme");
    assert_eq!(
        ScopeName::Tenant(id()).to_string(),
        format!("the scope of tenant {ID}")
    );
    assert_eq!(ScopeName::Shared.to_string(), "the shared scope");
}

#[test]
fn a_mark_says_whose_a_schema_is() {
    assert_eq!(Mark::None.to_string(), "carries no mark of Tenantry");
    assert_eq!(
        Mark::Tenant(id()).to_string(),
        format!("belongs to tenant {ID}")
    );
    let unreadable = Mark::Unreadable(Excerpt::of("x\n"));
    assert_eq!(
        unreadable.to_string(),
        r#"carries the unreadable mark "x\n""#
    );
}

#[test]
fn a_driver_that_breaks_the_rule_is_told_which_answer_it_gave() {
    let now = DateTime::from_timestamp(1, 0).unwrap();
    let (slug, name) = (Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    let tenant = Tenant::new(id(), slug, name, Settings::default(), now);
    let mut run = Provisioning::begin(tenant, Actor::system()).unwrap();
    for (answer, named) in [(Answer::Recorded, "recorded"), (Answer::Stale, "stale")] {
        let told = run.handle(answer, now).unwrap_err().to_string();
        assert!(told.contains(&format!("\"{named}\"")), "{told}");
    }
}

#[test]
fn an_error_never_repeats_its_cause() {
    let error = RepositoryError::Unavailable { source: cause() };
    assert!(!error.to_string().contains("the cause"));
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the cause");
}

#[test]
fn a_repository_error_says_whether_trying_again_helps() {
    let key = TenantKey::Id(id());
    let stale = RepositoryError::Stale {
        id: id(),
        expected: Version::FIRST,
        found: Version::FIRST.next(),
    };
    assert_eq!(stale.retry(), Retry::Now);
    assert!(stale.to_string().contains("at version 2, not 1"));
    assert_eq!(
        RepositoryError::Unavailable { source: cause() }.retry(),
        Retry::Later
    );
    assert_eq!(RepositoryError::NotFound { key }.retry(), Retry::Never);
    assert_eq!(RepositoryError::AlreadyExists { key }.retry(), Retry::Never);
    assert_eq!(
        RepositoryError::Failed { source: cause() }.retry(),
        Retry::Never
    );
}

#[test]
fn a_schema_error_says_whether_trying_again_helps() {
    let busy = SchemaError::Busy {
        schema: schema(),
        waited: Duration::from_millis(1500),
        source: None,
    };
    assert_eq!(busy.retry(), Retry::Later);
    assert!(busy.to_string().contains("within 1500 ms"), "{busy}");
    assert_eq!(
        SchemaError::Unavailable { source: cause() }.retry(),
        Retry::Later
    );
    assert_eq!(
        SchemaError::Missing { schema: schema() }.retry(),
        Retry::Never
    );
    let foreign = SchemaError::Foreign {
        schema: schema(),
        mark: Mark::None,
    };
    assert_eq!(ServiceError::from(foreign).retry(), Retry::Never);
}

#[test]
fn a_scope_error_says_whether_trying_again_helps() {
    let changed = ScopeError::SchemaChanged {
        schema: schema(),
        source: cause(),
    };
    assert_eq!(changed.retry(), Retry::Now);
    assert_eq!(ScopeError::Conflict { source: cause() }.retry(), Retry::Now);
    let waited = Duration::from_millis(250);
    let exhausted = ScopeError::PoolExhausted { size: 4, waited };
    assert_eq!(exhausted.retry(), Retry::Later);
    assert!(
        exhausted.to_string().contains("all 4 connections"),
        "{exhausted}"
    );
    let limited = ScopeError::TenantLimit {
        tenant: id(),
        limit: 2,
        waited,
    };
    assert_eq!(limited.retry(), Retry::Later);
    assert_eq!(
        ScopeError::SchemaMissing { schema: schema() }.retry(),
        Retry::Never
    );
    assert_eq!(ScopeError::TransactionEnded.retry(), Retry::Never);
}

#[test]
fn a_service_error_is_as_worth_retrying_as_its_cause() {
    let unavailable = RepositoryError::Unavailable { source: cause() };
    assert_eq!(ServiceError::from(unavailable).retry(), Retry::Later);
    let reserved = Slug::new("www").unwrap_err();
    assert_eq!(ServiceError::from(reserved).retry(), Retry::Never);
}
