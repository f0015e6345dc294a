use std::fs;
use std::io;
use std::path::Path;

/// What is wrong with the `{{#include file:anchor}}` lines in `text`, which is in `page`.
pub(crate) fn broken(page: &Path, text: &str) -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for include in includes(text) {
        let (file, anchor) = match include.split_once(':') {
            Some((file, anchor)) => (file, Some(anchor)),
            None => (include, None),
        };
        let file = page.with_file_name("").join(file);
        if !file.is_file() {
            problems.push(format!("includes {include}, which isn't there"));
        } else if let Some(anchor) = anchor
            && !holds(&fs::read_to_string(&file)?, anchor)
        {
            problems.push(format!("includes {include}, which has no such part"));
        }
    }
    Ok(problems)
}

fn includes(text: &str) -> impl Iterator<Item = &str> {
    let kinds = ["{{#include ", "{{#rustdoc_include ", "{{#playground "];
    text.lines().filter_map(move |line| {
        let rest = kinds
            .iter()
            .find_map(|kind| line.trim().strip_prefix(kind))?;
        Some(rest.strip_suffix("}}")?.trim())
    })
}

/// Whether `code` marks the beginning and the end of the part, with something between. A number is a line of it.
fn holds(code: &str, anchor: &str) -> bool {
    if let Some(first) = anchor
        .split(':')
        .next()
        .and_then(|line| line.parse::<usize>().ok())
    {
        return first <= code.lines().count();
    }
    let is = |line: &str, mark: &str| line.trim_end().ends_with(&format!("{mark}: {anchor}"));
    let begin = code.lines().position(|line| is(line, "ANCHOR"));
    let end = code.lines().position(|line| is(line, "ANCHOR_END"));
    matches!((begin, end), (Some(begin), Some(end)) if begin + 1 < end)
}
