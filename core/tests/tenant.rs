//! The laws of a tenant's record, its context, its settings and its listing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenantry::{
    Actor, ContextRefused, Cursor, Page, PageRequest, PageSize, Settings, Slug, Tenant,
    TenantContext, TenantFilter, TenantId, TenantName, TenantParts, TenantStatus, Version,
};

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn parts(status: TenantStatus, provisioned: bool) -> TenantParts {
    TenantParts {
        id: TenantId::from_parts(time(1_700_000_000), [7; 10]),
        slug: Slug::new("acme-labs").unwrap(),
        name: TenantName::new("Acme 100% Labs").unwrap(),
        status,
        version: Version::FIRST,
        created_at: time(1_700_000_000),
        provisioned_at: provisioned.then(|| time(1_700_000_001)),
        settings: Settings::default(),
    }
}

fn active() -> Tenant {
    Tenant::restore(parts(TenantStatus::Active, true)).unwrap()
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    assert!(Tenant::restore(parts(TenantStatus::Pending, true)).is_err());
    assert!(Tenant::restore(parts(TenantStatus::Active, false)).is_err());
    assert!(Tenant::restore(parts(TenantStatus::Suspended, false)).is_err());
    let consistent = [
        (TenantStatus::Pending, false),
        (TenantStatus::Active, true),
        (TenantStatus::Suspended, true),
        (TenantStatus::Deleted, true),
        (TenantStatus::Deleted, false),
    ];
    for (status, provisioned) in consistent {
        assert!(
            Tenant::restore(parts(status, provisioned)).is_ok(),
            "{status} {provisioned}"
        );
    }
}

#[test]
fn json_is_no_way_to_make_a_contradictory_record() {
    let mut json = serde_json::to_value(active()).unwrap();
    assert_eq!(
        serde_json::from_value::<Tenant>(json.clone()).unwrap(),
        active()
    );
    json["provisioned_at"] = Value::Null;
    assert!(serde_json::from_value::<Tenant>(json).is_err());
}

#[test]
fn a_new_tenant_keeps_whole_microseconds() {
    let now = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
    let parts = parts(TenantStatus::Pending, false);
    let tenant = Tenant::new(parts.id, parts.slug, parts.name, parts.settings, now);
    assert_eq!(tenant.created_at().timestamp_subsec_nanos(), 123_456_000);
}

#[test]
fn only_an_active_tenant_gets_a_context() {
    let context = |status, provisioned| {
        let tenant = Tenant::restore(parts(status, provisioned)).unwrap();
        (TenantContext::of(&tenant, Actor::system()), tenant)
    };
    assert!(matches!(
        context(TenantStatus::Pending, false).0,
        Err(ContextRefused::Pending { .. })
    ));
    assert!(matches!(
        context(TenantStatus::Suspended, true).0,
        Err(ContextRefused::Suspended { .. })
    ));
    assert!(matches!(
        context(TenantStatus::Deleted, true).0,
        Err(ContextRefused::Deleted { .. })
    ));
    let (made, tenant) = context(TenantStatus::Active, true);
    let made = made.unwrap();
    assert_eq!((made.id(), made.slug()), (tenant.id(), tenant.slug()));
    assert_eq!(made.schema(), tenant.schema());
}

#[test]
fn maintenance_reaches_suspended_tenants_and_no_further() {
    let maintenance = |status, provisioned| {
        let tenant = Tenant::restore(parts(status, provisioned)).unwrap();
        TenantContext::for_maintenance(&tenant, Actor::system())
    };
    assert!(maintenance(TenantStatus::Active, true).is_ok());
    assert!(maintenance(TenantStatus::Suspended, true).is_ok());
    assert!(maintenance(TenantStatus::Pending, false).is_err());
    assert!(maintenance(TenantStatus::Deleted, true).is_err());
}

#[test]
fn a_stored_context_comes_back_and_a_tampered_one_does_not() {
    let context = TenantContext::of(&active(), Actor::named("user:42").unwrap()).unwrap();
    let json = serde_json::to_value(&context).unwrap();
    assert_eq!(
        serde_json::from_value::<TenantContext>(json.clone()).unwrap(),
        context
    );
    let mut tampered = json;
    tampered["schema"] = json!("tenant_other");
    assert!(serde_json::from_value::<TenantContext>(tampered).is_err());
}

#[test]
fn an_actor_is_the_system_or_has_a_name_of_one_line() {
    assert_eq!(Actor::named("system").unwrap(), Actor::system());
    assert_eq!("user:42".parse::<Actor>().unwrap().as_str(), "user:42");
    for refused in ["", "  ", "a\nb", &"x".repeat(201)] {
        assert!(Actor::named(refused).is_err(), "{refused:?}");
    }
    assert!(Actor::named("x".repeat(200)).is_ok());
}

#[test]
fn settings_are_an_object_of_limited_size_without_nul() {
    assert!(Settings::new(json!({})).unwrap().is_empty());
    for refused in [
        json!(null),
        json!(true),
        json!(1),
        json!("text"),
        json!([1]),
    ] {
        assert!(Settings::new(refused.clone()).is_err(), "{refused}");
    }
    let of_size = |bytes: usize| json!({ "k": "x".repeat(bytes - r#"{"k":""}"#.len()) });
    assert!(Settings::new(of_size(Settings::MAX_BYTES)).is_ok());
    assert!(Settings::new(of_size(Settings::MAX_BYTES + 1)).is_err());
    for nul in [
        json!({ "a\0": 1 }),
        json!({ "a": ["\0"] }),
        json!({ "a": { "b": "\0" } }),
    ] {
        assert!(Settings::new(nul.clone()).is_err(), "{nul}");
    }
}

#[test]
fn settings_say_what_was_given_instead_of_an_object() {
    let cases = [
        (json!(null), "null"),
        (json!(true), "a boolean"),
        (json!(1), "a number"),
        (json!("text"), "a string"),
        (json!([1]), "an array"),
    ];
    for (value, kind) in cases {
        let told = Settings::new(value).unwrap_err().to_string();
        assert!(told.starts_with(&format!("settings are {kind}:")), "{told}");
    }
}

#[test]
fn settings_may_take_64_kib_and_come_back_from_json() {
    assert_eq!(Settings::MAX_BYTES, 65_536);
    let value = json!({ "plan": "pro" });
    let settings = Settings::new(value.clone()).unwrap();
    assert!(!settings.is_empty());
    assert_eq!(settings.to_value(), value);
    assert_eq!(serde_json::from_value::<Settings>(value).unwrap(), settings);
    assert!(serde_json::from_value::<Settings>(json!([])).is_err());
}

#[test]
fn a_page_request_keeps_its_size_and_takes_the_cursor() {
    let size = PageSize::new(7).unwrap();
    let cursor = Cursor::after(active().id());
    let request = PageRequest::first(size);
    assert_eq!((request.after, request.size), (None, size));
    let next = request.at(cursor);
    assert_eq!((next.after, next.size), (Some(cursor), size));
}

#[test]
fn a_next_page_is_followed_only_forwards() {
    let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
    let cursor = |millis| Cursor::after(TenantId::from_parts(at(millis), [7; 10]));
    let first = PageRequest::first(PageSize::new(7).unwrap());
    assert_eq!(first.following(None).unwrap(), None);
    let second = first.following(Some(cursor(5))).unwrap().unwrap();
    assert_eq!(second, first.at(cursor(5)));
    assert_eq!(
        second.following(Some(cursor(6))).unwrap(),
        Some(first.at(cursor(6)))
    );
    assert_eq!(second.following(None).unwrap(), None);
    for back in [4, 5] {
        assert!(second.following(Some(cursor(back))).is_err(), "{back}");
    }
}

#[test]
fn page_sizes_and_cursors_come_back_from_json() {
    assert_eq!(
        serde_json::to_value(PageSize::new(7).unwrap()).unwrap(),
        json!(7)
    );
    assert_eq!(
        serde_json::from_value::<PageSize>(json!(7))
            .unwrap()
            .number(),
        7
    );
    assert!(serde_json::from_value::<PageSize>(json!(0)).is_err());
    let cursor = Cursor::after(active().id());
    let json = serde_json::to_value(cursor).unwrap();
    assert_eq!(json, json!(cursor.to_string()));
    assert_eq!(serde_json::from_value::<Cursor>(json).unwrap(), cursor);
}

#[test]
fn versions_begin_at_one_and_go_up_by_one() {
    assert!(Version::new(0).is_err());
    assert!(Version::new(-1).is_err());
    assert_eq!(Version::FIRST.next(), Version::new(2).unwrap());
    assert_eq!(Version::new(i64::MAX).unwrap().next().number(), i64::MAX);
}

#[test]
fn a_page_has_1_to_500_items() {
    assert!(PageSize::new(0).is_err());
    assert!(PageSize::new(501).is_err());
    assert_eq!(PageSize::new(500).unwrap().number(), 500);
    assert_eq!(PageSize::default().number(), 50);
}

#[test]
fn a_search_takes_every_character_for_itself() {
    let tenant = active();
    for found in ["acme", "LABS", "100%", "-", "e-l"] {
        assert!(TenantFilter::search(found).matches(&tenant), "{found}");
    }
    for missing in ["acme_labs", "a%s", "a.me", "*", "\\"] {
        assert!(!TenantFilter::search(missing).matches(&tenant), "{missing}");
    }
    assert!(TenantFilter::status(TenantStatus::Active).matches(&tenant));
    assert!(!TenantFilter::status(TenantStatus::Deleted).matches(&tenant));
    assert!(TenantFilter::default().matches(&tenant));
}

#[test]
fn a_search_folds_ascii_letters_only() {
    let mut parts = parts(TenantStatus::Active, true);
    parts.name = TenantName::new("Ärger").unwrap();
    let tenant = Tenant::restore(parts).unwrap();
    assert!(TenantFilter::search("ÄRGER").matches(&tenant));
    assert!(!TenantFilter::search("ärger").matches(&tenant));
}

proptest! {
    #[test]
    fn a_cursor_comes_back_from_its_text(millis in 0_i64..4_000_000_000_000, random in any::<[u8; 10]>()) {
        let at = DateTime::from_timestamp_millis(millis).unwrap();
        let cursor = Cursor::after(TenantId::from_parts(at, random));
        prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
    }

    #[test]
    fn a_lookahead_page_drops_only_the_item_that_tells_of_a_next_page(found in 0_usize..8, size in 1_u16..8) {
        let tenants: Vec<Tenant> = (0..found).map(|_| active()).collect();
        let page = Page::from_lookahead(tenants, PageSize::new(size).unwrap());
        prop_assert_eq!(page.items.len(), found.min(usize::from(size)));
        prop_assert_eq!(page.next.is_some(), found > usize::from(size));
    }

    #[test]
    fn a_status_comes_back_from_its_text(index in 0_usize..4) {
        let status = TenantStatus::ALL[index];
        prop_assert_eq!(status.as_str().parse::<TenantStatus>(), Ok(status));
    }
}

#[test]
fn an_unknown_status_is_refused() {
    assert!("Active".parse::<TenantStatus>().is_err());
    assert!("".parse::<TenantStatus>().is_err());
}
