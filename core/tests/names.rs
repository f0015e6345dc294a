//! The laws of names: what is refused, what is one-to-one, what order and JSON keep.

use proptest::prelude::*;
use tenantry::{Excerpt, SchemaName, SchemaNameError, Slug, SlugError, TenantId, TenantName};

/// Texts that follow the form of a slug; a few are reserved or punycode, and are filtered where used.
fn slug_like() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9-]{0,54}[a-z0-9]"
}

fn slug() -> impl Strategy<Value = Slug> {
    slug_like().prop_filter_map("reserved or punycode", |text| Slug::new(&text).ok())
}

fn is_formed_like_a_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    let allowed = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    (2..=56).contains(&bytes.len())
        && bytes.iter().all(allowed)
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
        && !text.starts_with("xn--")
        && !is_formed_like_an_id(text)
}

/// 32 hexadecimal digits, without hyphens or with four of them where a UUID has them.
fn is_formed_like_an_id(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    let digits = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.chars().all(digits) && (lengths == [32] || lengths == [8, 4, 4, 4, 12])
}

fn hyphenated_or_not() -> impl Strategy<Value = String> {
    let groups = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    (groups, any::<bool>()).prop_map(
        |(text, hyphens)| {
            if hyphens { text } else { text.replace('-', "") }
        },
    )
}

proptest! {
    #[test]
    fn a_text_is_a_slug_exactly_if_it_has_the_form_and_is_not_reserved(text in "\\PC{0,70}") {
        match Slug::new(&text) {
            Ok(slug) => {
                prop_assert!(is_formed_like_a_slug(&text));
                prop_assert_eq!(slug.as_str(), text);
            }
            Err(SlugError::Reserved { .. }) => prop_assert!(is_formed_like_a_slug(&text)),
            Err(_) => prop_assert!(!is_formed_like_a_slug(&text)),
        }
    }

    #[test]
    fn a_text_of_the_form_is_accepted_or_reserved(text in slug_like()) {
        let answer = Slug::new(&text);
        let refused_rightly = matches!(
            answer,
            Ok(_) | Err(SlugError::Reserved { .. } | SlugError::Punycode { .. } | SlugError::LikeAnId { .. })
        );
        prop_assert!(refused_rightly, "{answer:?}");
    }

    #[test]
    fn what_could_be_an_id_is_no_slug_and_no_schemas_name(text in hyphenated_or_not()) {
        let answer = Slug::new(&text);
        prop_assert!(matches!(answer, Err(SlugError::LikeAnId { .. })), "{answer:?}");
        let schema = format!("tenant_{}", text.replace('-', "_"));
        prop_assert!(SchemaName::parse(&schema).is_err());
        prop_assert!(Slug::new(&text[1..]).is_ok() || text[1..].starts_with('-'), "one digit less");
    }

    #[test]
    fn no_slug_is_read_as_an_id(slug in slug(), millis in 0_i64..4_000_000_000_000, random in any::<[u8; 10]>()) {
        prop_assert!(slug.as_str().parse::<TenantId>().is_err());
        let id = TenantId::from_parts(chrono::DateTime::from_timestamp_millis(millis).unwrap(), random);
        prop_assert!(Slug::new(&id.to_string()).is_err());
    }

    #[test]
    fn a_schema_name_fits_an_identifier_and_leads_back_to_its_slug(slug in slug()) {
        let schema = SchemaName::of(&slug);
        prop_assert!(schema.as_str().len() <= SchemaName::MAX_LENGTH);
        prop_assert!(schema.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        prop_assert_eq!(schema.slug(), slug);
        prop_assert_eq!(SchemaName::parse(schema.as_str()), Ok(schema));
    }

    #[test]
    fn two_slugs_never_share_a_schema_name(a in slug(), b in slug()) {
        prop_assert_eq!(a == b, SchemaName::of(&a) == SchemaName::of(&b));
    }

    #[test]
    fn a_parsed_schema_name_is_the_one_of_its_slug(text in "(tenant_)?[a-z0-9_-]{0,60}") {
        if let Ok(schema) = SchemaName::parse(&text) {
            prop_assert_eq!(schema.as_str(), &text);
            prop_assert_eq!(SchemaName::of(&schema.slug()), schema);
        }
    }

    #[test]
    fn slugs_order_as_their_texts(a in slug(), b in slug()) {
        prop_assert_eq!(a.cmp(&b), a.as_str().cmp(b.as_str()));
    }

    #[test]
    fn names_pass_through_json_unchanged(slug in slug(), name in "\\PC{1,60}") {
        let json = serde_json::to_string(&slug).unwrap();
        prop_assert_eq!(serde_json::from_str::<Slug>(&json).unwrap(), slug);
        let schema = SchemaName::of(&slug);
        let json = serde_json::to_string(&schema).unwrap();
        prop_assert_eq!(serde_json::from_str::<SchemaName>(&json).unwrap(), schema);
        if let Ok(name) = TenantName::new(name) {
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<TenantName>(&json).unwrap(), name);
        }
    }

    #[test]
    fn json_is_no_way_around_the_rules(text in "\\PC{0,70}") {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<Slug>(&json).is_ok(), Slug::new(&text).is_ok());
        prop_assert_eq!(
            serde_json::from_str::<SchemaName>(&json).is_ok(),
            SchemaName::parse(&text).is_ok()
        );
        prop_assert_eq!(
            serde_json::from_str::<TenantName>(&json).is_ok(),
            TenantName::new(text).is_ok()
        );
    }

    #[test]
    fn ids_order_by_the_millisecond_in_which_they_were_made(
        early in 0_i64..4_000_000_000_000,
        later in 1_i64..1_000_000,
        random in any::<[u8; 10]>(),
        other in any::<[u8; 10]>(),
    ) {
        let at = |millis| chrono::DateTime::from_timestamp_millis(millis).unwrap();
        let first = TenantId::from_parts(at(early), random);
        let second = TenantId::from_parts(at(early + later), other);
        prop_assert!(first < second);
        prop_assert!(first.to_string() < second.to_string());
        prop_assert_eq!(first.to_string().parse::<TenantId>(), Ok(first));
    }

    #[test]
    fn a_refused_value_is_shown_escaped_and_cut(text in any::<String>()) {
        let shown = Excerpt::of(&text).to_string();
        prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
        prop_assert!(shown.chars().count() < 1_000);
    }
}

#[test]
fn every_rule_of_a_slug_has_its_own_error() {
    let refused = |text: &str| Slug::new(text).expect_err(text);
    let long = "a".repeat(57);
    assert!(matches!(refused(""), SlugError::TooShort { length: 0, .. }));
    assert!(matches!(
        refused("a"),
        SlugError::TooShort { length: 1, .. }
    ));
    assert!(matches!(
        refused(&long),
        SlugError::TooLong { length: 57, .. }
    ));
    assert!(matches!(refused("-ab"), SlugError::OuterHyphen { .. }));
    assert!(matches!(refused("ab-"), SlugError::OuterHyphen { .. }));
    assert!(matches!(
        refused("xn--80ak6aa92e"),
        SlugError::Punycode { .. }
    ));
    assert!(matches!(
        refused("01890a5d-ac96-774b-bcce-b302099a8057"),
        SlugError::LikeAnId { .. }
    ));
    assert!(matches!(refused("public"), SlugError::Reserved { .. }));
    let bad = [
        ("a_b", '_', 1),
        ("pg_catalog", '_', 2),
        ("Ab", 'A', 0),
        ("a b", ' ', 1),
        ("a\"b", '"', 1),
    ];
    let worse = [
        ("a;b", ';', 1),
        ("a\0b", '\0', 1),
        ("a\nb", '\n', 1),
        ("аcme", 'а', 0),
    ];
    for (text, wrong, at) in bad.into_iter().chain(worse) {
        let SlugError::InvalidCharacter {
            character, index, ..
        } = refused(text)
        else {
            panic!("{text:?} broke another rule");
        };
        assert_eq!((character, index), (wrong, at), "{text:?}");
    }
}

#[test]
fn the_longest_and_the_shortest_slug_are_accepted() {
    let longest = Slug::new(&"a".repeat(56)).unwrap();
    assert_eq!(SchemaName::of(&longest).as_str().len(), 63);
    assert_eq!(Slug::new("ab").unwrap().as_str(), "ab");
}

#[test]
fn a_name_that_is_not_of_a_tenants_schema_is_refused_with_the_reason() {
    let refused = |text: &str| SchemaName::parse(text).expect_err(text);
    assert!(matches!(refused("public"), SchemaNameError::Prefix { .. }));
    assert!(matches!(
        refused("tenantxacme"),
        SchemaNameError::Prefix { .. }
    ));
    assert!(matches!(
        refused("tenant_a-b"),
        SchemaNameError::Hyphen { index: 8, .. }
    ));
    assert!(matches!(refused("tenant_"), SchemaNameError::Slug { .. }));
    assert!(matches!(refused("tenant__a"), SchemaNameError::Slug { .. }));
    assert!(matches!(
        refused("tenant_public"),
        SchemaNameError::Slug { .. }
    ));
}

#[test]
fn an_id_of_another_version_is_refused() {
    let version_4 = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    assert!(version_4.parse::<TenantId>().is_err());
    assert!("not an id".parse::<TenantId>().is_err());
    assert!(
        "01890a5d-ac96-774b-bcce-b302099a8057"
            .parse::<TenantId>()
            .is_ok()
    );
}

#[test]
fn a_persons_name_for_a_tenant_is_one_line_without_outer_blanks() {
    for refused in ["", "   ", " a", "a ", "a\nb", "a\0b", &"x".repeat(201)] {
        assert!(TenantName::new(refused).is_err(), "{refused:?}");
    }
    for accepted in ["a", "Søren & Søn", "株式会社", &"x".repeat(200)] {
        assert_eq!(TenantName::new(accepted).unwrap().as_str(), accepted);
    }
}
