use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// One Markdown file, as far as links are concerned.
pub(crate) struct Page {
    pub(crate) text: String,
    links: Vec<String>,
    anchors: HashSet<String>,
}

impl Page {
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        Ok(Self::parse(fs::read_to_string(file)?))
    }

    fn parse(text: String) -> Self {
        let mut links = Vec::new();
        let mut anchors = HashSet::new();
        let mut seen = HashMap::new();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    if let Some(heading) = heading.take() {
                        anchors.insert(numbered(anchor_of(&heading), &mut seen));
                    }
                }
                _ => {}
            }
        }
        Self {
            text,
            links,
            anchors,
        }
    }

    /// What is wrong with the links of the page, which lies in `file`. Links to other sites aren't followed.
    ///
    /// A page of the book may only link to what is `within` its folders: nothing else is in the built book.
    pub(crate) fn broken_links(&self, file: &Path, within: &[PathBuf]) -> io::Result<Vec<String>> {
        let mut problems = Vec::new();
        for link in self.links.iter().filter(|link| is_local(link)) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = target(file, path);
            if !target.exists() {
                problems.push(format!("links to {link}, which isn't there"));
            } else if !anchor.is_empty() && !Self::read(&target)?.anchors.contains(anchor) {
                problems.push(format!("links to {link}, which has no such heading"));
            } else if within.iter().any(|folder| file.starts_with(folder)) {
                let real = target.canonicalize()?;
                if !within.iter().any(|folder| real.starts_with(folder)) {
                    problems.push(format!("links to {link}, which isn't in the book"));
                }
            }
        }
        Ok(problems)
    }

    /// The files that the page links to and that are there.
    pub(crate) fn linked_files(&self, file: &Path) -> HashSet<PathBuf> {
        let local = self.links.iter().filter(|link| is_local(link));
        local
            .filter_map(|link| target(file, link).canonicalize().ok())
            .collect()
    }
}

fn target(file: &Path, path: &str) -> PathBuf {
    match path {
        "" => file.to_owned(),
        path => file.with_file_name("").join(path),
    }
}

fn is_local(link: &str) -> bool {
    !link.contains("://") && !link.starts_with("mailto:")
}

/// As mdBook and GitHub make it: lower case, blanks as hyphens, other punctuation dropped.
fn anchor_of(heading: &str) -> String {
    let wanted = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    let kept = heading.trim().chars().filter(wanted);
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A heading that comes again gets a number.
fn numbered(anchor: String, seen: &mut HashMap<String, u32>) -> String {
    let count = seen.entry(anchor.clone()).or_default();
    *count += 1;
    match *count {
        1 => anchor,
        again => format!("{anchor}-{}", again - 1),
    }
}
