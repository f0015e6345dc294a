use alloc::string::String;
use core::fmt;

/// Untrusted text as an error may show it: escaped, in quotes, and cut at 80 characters.
///
/// A refused value belongs in the error, so that a person can find it; but it may hold line breaks
/// that forge a log entry, or megabytes.
///
/// ```
/// use tenantry::Excerpt;
///
/// assert_eq!(Excerpt::of("a\nb").to_string(), r#""a\nb""#);
/// assert!(Excerpt::of(&"x".repeat(1_000_000)).to_string().len() < 120);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    shown: String,
    bytes: usize,
    cut: bool,
}

impl Excerpt {
    const SHOWN_CHARACTERS: usize = 80;

    /// Takes the first 80 characters of `text`.
    pub fn of(text: &str) -> Self {
        let mut characters = text.chars();
        let shown = characters.by_ref().take(Self::SHOWN_CHARACTERS).collect();
        Self {
            shown,
            bytes: text.len(),
            cut: characters.next().is_some(),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.shown.escape_debug())?;
        if self.cut {
            write!(f, "… ({} bytes)", self.bytes)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
