//! The book holds together, and the check would notice if it didn't.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tenantry_book::problems;

#[test]
fn every_link_and_include_of_the_book_leads_somewhere_and_every_page_is_in_its_summary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let problems = problems(&root.canonicalize().unwrap()).unwrap();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// A small book without a fault, into which a test puts one.
fn book() -> TempDir {
    let root = TempDir::new().expect("a temporary folder");
    for folder in ["docs/src", "docs/adr"] {
        fs::create_dir_all(root.path().join(folder)).expect("a folder in it");
    }
    write(
        &root,
        "README.md",
        "# Hello\n\n[a page](docs/src/page.md#two-words)\n",
    );
    write(
        &root,
        "docs/src/SUMMARY.md",
        "# Summary\n\n- [Page](page.md)\n",
    );
    write(
        &root,
        "docs/src/page.md",
        "# Page\n\n## Two `words`\n\n[up](#page) [out](https://example.com/no)\n\n\
         ```rust\n{{#include code.rs:part}}\n```\n",
    );
    write(
        &root,
        "docs/src/code.rs",
        "// ANCHOR: part\nfn part() {}\n// ANCHOR_END: part\n",
    );
    root
}

fn write(root: &TempDir, file: &str, text: &str) {
    fs::write(root.path().join(file), text).expect("a file in it");
}

#[test]
fn a_book_without_a_fault_has_no_problems() {
    assert_eq!(problems(book().path()).unwrap(), [""; 0]);
}

#[test]
fn each_kind_of_fault_is_named_with_its_file() {
    let faults = [
        (
            "README.md",
            "[x](docs/src/gone.md)",
            "README.md: links to docs/src/gone.md, which isn't",
        ),
        (
            "README.md",
            "[x](docs/src/page.md#no)",
            "README.md: links to docs/src/page.md#no, which has no",
        ),
        (
            "docs/src/page.md",
            "[x](#nowhere)",
            "docs/src/page.md: links to #nowhere, which has no",
        ),
        (
            "docs/src/page.md",
            "{{#include gone.rs}}",
            "docs/src/page.md: includes gone.rs, which isn't",
        ),
        (
            "docs/src/page.md",
            "{{#include code.rs:no}}",
            "docs/src/page.md: includes code.rs:no, which has no",
        ),
        (
            "docs/src/page.md",
            "{{#include code.rs:9}}",
            "docs/src/page.md: includes code.rs:9, which has no",
        ),
        (
            "docs/src/page.md",
            "[x](../../README.md)",
            "docs/src/page.md: links to ../../README.md, which isn't in the book",
        ),
        (
            "docs/adr/0001-x.md",
            "# Alone",
            "docs/adr/0001-x.md: docs/src/SUMMARY.md doesn't name it",
        ),
    ];
    for (file, text, expected) in faults {
        let root = book();
        let before = fs::read_to_string(root.path().join(file)).unwrap_or_default();
        write(&root, file, &format!("{before}\n{text}\n"));
        let found = problems(root.path()).unwrap();
        assert!(
            found.iter().any(|problem| problem.starts_with(expected)),
            "{file} with {text} gave {found:?}",
        );
    }
}

/// Code without what a formatter may change.
fn bare(code: &str) -> String {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    code.replace(",}", "}").replace(",)", ")")
}

#[test]
fn the_readmes_host_is_the_example_in_under_30_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let example = fs::read_to_string(root.join("adapters/http/examples/host.rs"));
    let example = example.expect("the example");
    let code = example
        .lines()
        .filter(|line| !line.starts_with("//!") && !line.starts_with("#!["));
    let code = bare(&code.collect::<Vec<_>>().join("\n"));
    let blocks = readme.split("```rust,no_run\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("```").next());
    let shown = blocks.find(|block| bare(block) == code);
    let shown = shown.expect("README.md shows adapters/http/examples/host.rs as it is");
    assert!(shown.lines().count() < 30);
}
