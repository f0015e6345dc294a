//! What the book quotes is there: behaviours of the conformance suite, and the files that its programs use.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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

/// The names of all functions below a folder, and those that a list of behaviours makes functions of.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            functions(&path, names);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
            let after_fn = text.split("fn ").skip(1);
            names.extend(after_fn.filter_map(|rest| Some(rest.split(word).next()?.to_owned())));
        }
    }
}

#[test]
fn every_test_that_the_page_on_security_cites_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut known = BTreeSet::new();
    for folder in ["core", "adapters", "conformance", "fuzz"] {
        functions(&root.join(folder), &mut known);
    }
    known.extend(
        catalogue()
            .into_iter()
            .map(|behaviour| behaviour.name.into()),
    );
    let text = fs::read_to_string(root.join("docs/src/security.md")).unwrap();
    assert!(cited(&text).count() >= 60, "the page cites its proofs");
    let unknown: Vec<_> = cited(&text).filter(|name| !known.contains(*name)).collect();
    assert_eq!(unknown, [""; 0]);
    assert!(!known.contains("a_thing_that_nobody_proves"), "the control");
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
