//! What the book quotes is there: behaviours of the conformance suite, and the files that its programs use.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tenantry_conformance::{cache, catalogue, jobs};

/// The names in back-ticks that are sentences: five words or more, joined by underscores.
fn cited(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        name.chars().all(plain) && name.matches('_').count() >= 4
    })
}

fn unknown(text: &str) -> Vec<&str> {
    let of_tenants = catalogue().into_iter().map(|behaviour| behaviour.name);
    let of_others = cache::catalogue().into_iter().chain(jobs::catalogue());
    let of_others = of_others.chain(jobs::schedules::catalogue());
    let known: BTreeSet<_> = of_tenants.chain(of_others).collect();
    cited(text).filter(|name| !known.contains(name)).collect()
}

#[test]
fn every_behaviour_that_the_book_cites_is_in_a_suite() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    for (page, fewest) in [("promise.md", 20), ("caching.md", 10), ("jobs.md", 10)] {
        let text = fs::read_to_string(book.join(page)).unwrap();
        assert!(cited(&text).count() >= fewest, "{page} cites its proofs");
        assert_eq!(unknown(&text), [""; 0], "{page}");
    }
}

#[test]
fn the_migration_on_the_page_is_the_one_that_its_program_runs() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../src/getting-started.md")).unwrap();
    let migration = "migrations/tenant/2026-01-01-000000_notes/up.sql";
    let sql = fs::read_to_string(here.join(migration)).unwrap();
    assert!(page.contains(&format!("`{migration}` is\n\n```sql\n{sql}```")));
}

#[test]
fn a_citation_of_nothing_is_noticed() {
    let text =
        "see `a_missing_schema_is_a_typed_error` and `a_thing_that_nobody_proves`, `pg_temp`";
    assert_eq!(unknown(text), ["a_thing_that_nobody_proves"]);
}
