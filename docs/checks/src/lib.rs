//! Checks the book and the pages at the top of the repository.
//!
//! A link, an anchor or an include that leads nowhere is a problem, and so is a page that the summary doesn't name.
//! mdBook itself would build such a book without a word.

mod include;
mod page;
mod walk;

use std::io;
use std::path::Path;

use page::Page;

/// Every problem of the pages in the repository at `root`, each with its file. None is what is wanted.
///
/// # Errors
/// If a file can't be read.
pub fn problems(root: &Path) -> io::Result<Vec<String>> {
    let root = &root.canonicalize()?;
    let book = [root.join("docs/src"), root.join("docs/adr")];
    let mut problems = Vec::new();
    let pages = walk::pages(root)?;
    for file in &pages {
        let page = Page::read(file)?;
        let at = file
            .strip_prefix(root)
            .unwrap_or(file)
            .display()
            .to_string();
        let found = page
            .broken_links(file, &book)?
            .into_iter()
            .chain(include::broken(file, &page.text)?);
        problems.extend(found.map(|problem| format!("{at}: {problem}")));
    }
    let summary = root.join("docs/src/SUMMARY.md");
    let named = Page::read(&summary)?.linked_files(&summary);
    for file in pages
        .iter()
        .filter(|file| file.starts_with(root.join("docs")) && **file != summary)
    {
        if !named.contains(&file.canonicalize()?) {
            let at = file.strip_prefix(root).unwrap_or(file).display();
            problems.push(format!("{at}: docs/src/SUMMARY.md doesn't name it"));
        }
    }
    Ok(problems)
}

/// The Rust code on the pages runs as doc tests of these.
#[cfg(doctest)]
mod code {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../src/getting-started.md")]
    struct GettingStarted;

    #[doc = include_str!("../../src/caching.md")]
    struct Caching;

    #[doc = include_str!("../../src/jobs.md")]
    struct Jobs;
}
