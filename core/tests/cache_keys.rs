//! The laws of cache keys: one-to-one, and nothing of one owner or namespace reaches another's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use tenantry::cache::{
    CacheKey, CacheKeyError, CacheOwner, Expiry, KeyPattern, KeyPatternError, KeySpace, Namespace,
    NamespaceError, ScanStep,
};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};

fn context(number: u8) -> TenantContext {
    let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let tenant = Tenant::restore(TenantParts {
        id: TenantId::from_parts(at, [number; 10]),
        slug: Slug::new("acme").unwrap(),
        name: TenantName::new("Acme").unwrap(),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: at,
        provisioned_at: Some(at),
        settings: Settings::default(),
    })
    .unwrap();
    TenantContext::of(&tenant, Actor::system()).unwrap()
}

/// What a stored key is made of. Numbers 0 and 1 are tenants, 2 is the shared cache.
type Parts = (u8, Vec<String>, String);

fn space(owner: u8, namespaces: &[String]) -> KeySpace {
    let outermost = match owner {
        2 => KeySpace::shared(),
        tenant => KeySpace::of(&context(tenant)),
    };
    namespaces.iter().fold(outermost, |space, namespace| {
        space.nested(&Namespace::new(namespace).unwrap()).unwrap()
    })
}

fn stored((owner, namespaces, key): &Parts) -> String {
    let key = CacheKey::new(key).unwrap();
    space(*owner, namespaces).key(&key).as_str().to_owned()
}

/// Few letters, so that different parts often look alike; and all that could have a meaning somewhere.
fn confusable() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("a"),
        Just("b"),
        Just(":"),
        Just("%"),
        Just("%3A"),
        Just("%25"),
        Just("{"),
        Just("}"),
        Just("*"),
        Just("?"),
        Just("["),
        Just("\\"),
        Just("\0"),
        Just("\n"),
        Just(" "),
        Just("é"),
        Just("tenant:{"),
        Just("shared:{shared}:"),
    ];
    proptest::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => confusable(),
        1 => proptest::collection::vec(any::<char>(), 1..20).prop_map(|c| c.into_iter().collect()),
    ]
}

fn parts() -> impl Strategy<Value = Parts> {
    (
        0..3_u8,
        proptest::collection::vec(any_text(), 0..3),
        any_text(),
    )
}

fn pattern() -> impl Strategy<Value = KeyPattern> {
    any_text().prop_filter_map("a stray backslash", |text| KeyPattern::new(text).ok())
}

/// The matcher in its plainest form.
fn plainly_matches(pattern: &[char], key: &[char]) -> bool {
    match pattern {
        [] => key.is_empty(),
        ['*', rest @ ..] => (0..=key.len()).any(|taken| plainly_matches(rest, &key[taken..])),
        ['?', rest @ ..] => !key.is_empty() && plainly_matches(rest, &key[1..]),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            key.first() == Some(literal) && plainly_matches(rest, &key[1..])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn different_parts_are_different_stored_keys(one in parts(), other in parts()) {
        prop_assert_eq!(one == other, stored(&one) == stored(&other));
    }

    #[test]
    fn a_stored_key_leads_back_to_its_key_in_its_own_space_only(one in parts(), other in parts()) {
        let found = space(other.0, &other.1).key_of(&stored(&one));
        if (one.0, &one.1) == (other.0, &other.1) {
            prop_assert_eq!(found, Some(CacheKey::new(one.2).unwrap()));
        } else {
            prop_assert_eq!(found, None);
        }
    }

    #[test]
    fn a_space_contains_its_own_entries_and_those_nested_in_it(one in parts(), other in parts()) {
        let inside = one.0 == other.0 && one.1.starts_with(&other.1);
        prop_assert_eq!(space(other.0, &other.1).contains(&stored(&one)), inside);
    }

    #[test]
    fn a_pattern_finds_keys_of_its_own_space_only(one in parts(), other in parts(), pattern in pattern()) {
        for pattern in [pattern, KeyPattern::all()] {
            let space = space(other.0, &other.1);
            let found = space.find(&pattern, &stored(&one));
            let own = (one.0, &one.1) == (other.0, &other.1);
            prop_assert_eq!(found.is_some(), own && pattern.matches(&one.2));
            if let Some(found) = found {
                prop_assert_eq!(found.owner(), space.owner());
                prop_assert!(found.as_str().starts_with(&space.start_of(&pattern)));
            }
        }
    }

    #[test]
    fn what_no_key_was_stored_as_is_nobodys(one in parts(), text in any_text()) {
        let space = space(one.0, &one.1);
        let stored = format!("{}{text}", space.prefix());
        if let Some(key) = space.key_of(&stored) {
            let again = space.key(&key);
            prop_assert_eq!(again.as_str(), stored);
        }
    }

    #[test]
    fn every_stored_key_begins_with_one_hash_tag_of_its_owner(parts in parts()) {
        let stored = stored(&parts);
        let tag = stored.split_once('{').and_then(|(_, rest)| rest.split_once('}')).unwrap().0;
        match space(parts.0, &[]).owner() {
            CacheOwner::Tenant(id) => prop_assert_eq!(tag, id.to_string()),
            CacheOwner::Shared => prop_assert_eq!(tag, "shared"),
        }
    }

    #[test]
    fn the_matcher_agrees_with_the_plain_one(pattern in "[ab*?]{1,8}", key in "[ab]{1,10}") {
        let characters: Vec<char> = pattern.chars().collect();
        let expected = plainly_matches(&characters, &key.chars().collect::<Vec<_>>());
        prop_assert_eq!(KeyPattern::new(pattern).unwrap().matches(&key), expected);
    }

    #[test]
    fn the_pattern_of_exactly_a_key_matches_it_alone(key in any_text(), other in any_text()) {
        let pattern = KeyPattern::exactly(&CacheKey::new(&*key).unwrap());
        prop_assert!(pattern.matches(&key));
        prop_assert_eq!(pattern.matches(&other), key == other);
        prop_assert_eq!(KeyPattern::new(pattern.as_str()).unwrap(), pattern);
    }
}

#[test]
fn every_character_alone_is_a_key_that_leads_back() {
    let space = KeySpace::of(&context(0));
    for character in (0..=0xffff).filter_map(char::from_u32) {
        let key = CacheKey::new(character).unwrap();
        assert_eq!(space.key_of(space.key(&key).as_str()), Some(key));
    }
}

#[test]
fn only_stars_question_marks_and_backslashes_mean_something() {
    let matches = |pattern: &str, key: &str| KeyPattern::new(pattern).unwrap().matches(key);
    assert!(matches("a.b", "a.b") && !matches("a.b", "axb"));
    assert!(matches("[ab]", "[ab]") && !matches("[ab]", "a"));
    assert!(matches("a*", "a:b:c") && matches("?", "é") && !matches("?", "ab"));
    assert!(matches(r"\*\?\\", r"*?\") && !matches(r"\*", "a"));
    assert!(matches("**a**", "bab"));
}

#[test]
fn a_pattern_that_would_take_others_forever_is_matched_at_once() {
    let pattern = KeyPattern::new("*a".repeat(500) + "b").unwrap();
    assert!(!pattern.matches(&"a".repeat(1000)));
}

#[test]
fn keys_namespaces_and_patterns_refuse_what_breaks_their_rules() {
    assert_eq!(CacheKey::new(""), Err(CacheKeyError::Empty));
    assert!(CacheKey::new("x".repeat(1024)).is_ok());
    let error = CacheKey::new("x".repeat(1025)).unwrap_err();
    assert!(error.to_string().contains("1025 bytes"), "{error}");
    assert_eq!(Namespace::new(""), Err(NamespaceError::Empty));
    assert!(Namespace::new("é".repeat(64)).is_ok());
    let error = Namespace::new("é".repeat(65)).unwrap_err();
    assert!(error.to_string().contains("130 bytes"), "{error}");
    assert_eq!(KeyPattern::new(""), Err(KeyPatternError::Empty));
    for stray in [r"\", r"a\", r"\a*"] {
        let refused = KeyPattern::new(stray);
        assert!(
            matches!(refused, Err(KeyPatternError::StrayBackslash { .. })),
            "{stray}"
        );
    }
    let long = KeyPattern::new("*".repeat(1025));
    assert!(matches!(
        long,
        Err(KeyPatternError::TooLong { length: 1025, .. })
    ));
}

#[test]
fn sixteen_namespaces_nest_and_a_seventeenth_is_refused() {
    let level = Namespace::new("n").unwrap();
    let deepest = (0..16).fold(KeySpace::shared(), |space, _| space.nested(&level).unwrap());
    let error = deepest.nested(&level).unwrap_err();
    assert!(error.to_string().contains("level 17"), "{error}");
}

#[test]
fn json_holds_to_the_rules_too() {
    let key: CacheKey = serde_json::from_str("\"a:b\"").unwrap();
    assert_eq!(serde_json::to_string(&key).unwrap(), "\"a:b\"");
    assert!(serde_json::from_str::<CacheKey>("\"\"").is_err());
    assert!(serde_json::from_str::<Namespace>("\"\"").is_err());
    assert!(serde_json::from_str::<KeyPattern>(r#""a\\b""#).is_err());
}

#[test]
fn an_expiry_is_rounded_up_to_the_millisecond_and_never_none() {
    let millis = |duration| Expiry::after(duration).map(Expiry::as_millis);
    assert_eq!(millis(Duration::from_nanos(1)), Ok(1));
    assert_eq!(millis(Duration::from_micros(1_001)), Ok(2));
    let longest = Duration::from_millis(Expiry::MAX_MILLIS);
    assert_eq!(millis(longest), Ok(Expiry::MAX_MILLIS));
    for refused in [
        Duration::ZERO,
        longest + Duration::from_millis(1),
        Duration::MAX,
    ] {
        assert!(millis(refused).is_err(), "{refused:?}");
    }
    assert_eq!(
        Expiry::after(Duration::from_millis(7))
            .unwrap()
            .as_duration()
            .as_millis(),
        7
    );
}

#[test]
fn a_scan_step_is_within_bounds() {
    assert_eq!(ScanStep::of(0).entries(), 1);
    assert_eq!(ScanStep::of(u16::MAX).entries(), 1000);
}
