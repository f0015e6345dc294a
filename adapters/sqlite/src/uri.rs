use std::path::Path;

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading alone.
    Read,
    /// Reading and writing, but never making it.
    ReadWrite,
    /// Reading, of a file that nobody ever writes.
    Frozen,
}

/// The URI by which SQLite opens `path`.
///
/// `None` if the path isn't UTF-8 or holds a NUL: Diesel takes text.
pub(crate) fn file(path: &Path, access: Access) -> Option<String> {
    let path = path.to_str().filter(|path| !path.contains('\0'))?;
    let mut uri = String::from("file:");
    for character in path.chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri.push_str(match access {
        Access::Read => "?mode=ro",
        Access::ReadWrite => "?mode=rw",
        Access::Frozen => "?mode=ro&immutable=1",
    });
    Some(uri)
}

/// `text` as an SQL string.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `name` as an SQL identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_uri_is_escaped() {
        assert_eq!(
            file(Path::new("/a b/100%?#'"), Access::ReadWrite).unwrap(),
            "file:/a b/100%25%3f%23'?mode=rw"
        );
    }

    #[test]
    fn a_quote_cannot_end_a_string_or_a_name() {
        assert_eq!(quoted("a'b"), "'a''b'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
