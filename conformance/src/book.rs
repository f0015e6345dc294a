//! The book's table of behaviours and adapters, made of the list and of what each adapter claims.
//!
//! Each adapter's claims are kept in `claims/<adapter>.txt` of this crate, a capability a line, so that the table can
//! be made without starting any adapter. An adapter's tests compare the file with its harness by
//! [`claims_are_recorded`], and this crate's compare the table with the book.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Described, Harness, catalogue};

/// The environment variable that, set to `1`, writes the files anew instead of comparing them.
pub const UPDATE: &str = "UPDATE_BOOK";

/// Compares what an adapter claims with its file in `claims/`, or writes that file if [`UPDATE`] says so.
///
/// It is for the adapters of this repository: a host's claims aren't in the book.
///
/// # Panics
/// If the two differ, or the file can't be read or written.
pub fn claims_are_recorded<H: Harness>() {
    let mut claims = String::new();
    for capability in H::claims().iter() {
        let _ = writeln!(claims, "{capability}");
    }
    same_as(
        &claims_folder().join(format!("{}.txt", H::ADAPTER)),
        &claims,
    );
}

/// Compares the table with the book's, or writes it if [`UPDATE`] says so.
///
/// # Panics
/// If the two differ, or a file can't be read or written.
pub fn table_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/conformance.md");
    same_as(&page, &table(&recorded_claims()));
}

fn claims_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("claims")
}

fn same_as(path: &Path, text: &str) {
    if std::env::var_os(UPDATE).is_some_and(|update| update == "1") {
        fs::write(path, text)
            .unwrap_or_else(|error| panic!("{} can't be written: {error}", path.display()));
    }
    let recorded = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
    assert!(
        recorded == text,
        "{} is out of date: run the same test with {UPDATE}=1",
        path.display()
    );
}

type Claims = BTreeMap<String, Vec<String>>;

fn recorded_claims() -> Claims {
    let folder = claims_folder();
    let files = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", folder.display()));
    let mut claims = Claims::new();
    for file in files {
        let path = match file {
            Ok(file) => file.path(),
            Err(error) => panic!("{} can't be read: {error}", folder.display()),
        };
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
        let adapter = path.file_stem().unwrap_or_default().to_string_lossy();
        let lines = text.lines().map(str::to_owned).collect();
        claims.insert(adapter.into_owned(), lines);
    }
    claims
}

fn table(claims: &Claims) -> String {
    let behaviours = catalogue();
    let adapters: Vec<_> = claims.keys().map(String::as_str).collect();
    let mut page = format!(
        "# What every adapter does\n\n\
         The suite of `tenantry-conformance` holds {} behaviours. *yes*: the adapter does it, and a test shows it. \
         *no*: the adapter says so with the typed error `Unsupported`, and a test shows that. This page is made by \
         `{UPDATE}=1 cargo test -p tenantry-conformance --test book`.\n",
        behaviours.len()
    );
    let mut group = None;
    for behaviour in &behaviours {
        if group != Some(behaviour.group) {
            group = Some(behaviour.group);
            heading(&mut page, behaviour, &adapters);
        }
        let _ = write!(page, "| {}", behaviour.name.replace('_', " "));
        for claimed in claims.values() {
            let _ = write!(page, " | {}", answer(behaviour, claimed));
        }
        page.push_str(" |\n");
    }
    page
}

fn heading(page: &mut String, behaviour: &Described, adapters: &[&str]) {
    let _ = writeln!(page, "\n## {}\n", behaviour.group);
    let _ = writeln!(page, "| behaviour | {} |", adapters.join(" | "));
    let _ = writeln!(page, "| --- |{}", " --- |".repeat(adapters.len()));
}

fn answer(behaviour: &Described, claimed: &[String]) -> &'static str {
    let does = behaviour
        .needs
        .is_none_or(|needed| claimed.contains(&needed.to_string()));
    if does { "yes" } else { "no" }
}
