use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::CacheKey;
use crate::Excerpt;

/// Which keys of a namespace are meant: `*` is any run of characters, `?` exactly one, and `\` takes the meaning from
/// the `*`, `?` or `\` after it. Everything else, `.`, `[` and `:` too, means itself.
///
/// A pattern is matched with the keys that the host gave, never with stored ones, so that it can't reach out of its
/// namespace. It has 1 to 1,024 bytes. Matching takes time in proportion to key times pattern at worst.
///
/// ```
/// use tenantry::cache::{CacheKey, KeyPattern};
///
/// let users = KeyPattern::new("user.?.*")?;
/// assert!(users.matches("user.7.name"));
/// assert!(!users.matches("userX7Xname"), "a dot is a dot");
/// assert!(KeyPattern::new(r"50\*")?.matches("50*"));
/// # Ok::<(), tenantry::cache::KeyPatternError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPattern {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Token {
    Literal(char),
    One,
    Run,
}

impl KeyPattern {
    /// The longest pattern, in bytes.
    pub const MAX_LENGTH: usize = 1024;

    /// Makes a pattern.
    ///
    /// # Errors
    /// [`KeyPatternError`], for an empty or overlong text, and for a `\` before anything but `*`, `?` and `\`.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyPatternError> {
        let text = text.into();
        if text.is_empty() {
            return Err(KeyPatternError::Empty);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(KeyPatternError::TooLong {
                pattern: Excerpt::of(&text),
                length: text.len(),
            });
        }
        let tokens = tokens(&text)?;
        Ok(Self { text, tokens })
    }

    /// Every key.
    pub fn all() -> Self {
        Self {
            text: "*".into(),
            tokens: [Token::Run].into(),
        }
    }

    /// This key and no other, whatever characters it holds.
    pub fn exactly(key: &CacheKey) -> Self {
        let mut text = String::with_capacity(key.as_str().len());
        for character in key.as_str().chars() {
            if matches!(character, '*' | '?' | '\\') {
                text.push('\\');
            }
            text.push(character);
        }
        let tokens = key.as_str().chars().map(Token::Literal).collect();
        Self { text, tokens }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `key` is meant, from its first to its last character.
    pub fn matches(&self, key: &str) -> bool {
        let mut rest = key.chars();
        let mut at = 0;
        // Where to go on if what follows the last run doesn't fit: that run takes one character more.
        let mut retry: Option<(usize, core::str::Chars<'_>)> = None;
        loop {
            match self.tokens.get(at) {
                Some(Token::Run) => {
                    at += 1;
                    retry = Some((at, rest.clone()));
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                Some(Token::One) if rest.next().is_some() => {
                    at += 1;
                    continue;
                }
                Some(Token::Literal(wanted)) if rest.clone().next() == Some(*wanted) => {
                    rest.next();
                    at += 1;
                    continue;
                }
                Some(Token::Literal(_) | Token::One) | None => {}
            }
            let Some((after, mut from)) = retry.take() else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            at = after;
            rest = from.clone();
            retry = Some((after, from));
        }
    }

    /// What every key that matches begins with.
    pub fn literal_start(&self) -> impl Iterator<Item = char> + '_ {
        self.tokens.iter().map_while(|token| match token {
            Token::Literal(character) => Some(*character),
            Token::One | Token::Run => None,
        })
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, KeyPatternError> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let token = match character {
            '*' if tokens.last() == Some(&Token::Run) => continue,
            '*' => Token::Run,
            '?' => Token::One,
            '\\' => match characters.next() {
                Some(escaped @ ('*' | '?' | '\\')) => Token::Literal(escaped),
                _ => {
                    return Err(KeyPatternError::StrayBackslash {
                        pattern: Excerpt::of(text),
                    });
                }
            },
            literal => Token::Literal(literal),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

impl fmt::Debug for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPattern({:?})", self.text)
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<KeyPattern> for String {
    fn from(pattern: KeyPattern) -> Self {
        pattern.text
    }
}

impl FromStr for KeyPattern {
    type Err = KeyPatternError;

    fn from_str(text: &str) -> Result<Self, KeyPatternError> {
        Self::new(text)
    }
}

impl TryFrom<String> for KeyPattern {
    type Error = KeyPatternError;

    fn try_from(text: String) -> Result<Self, KeyPatternError> {
        Self::new(text)
    }
}

/// Which rule of [`KeyPattern`] a text breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyPatternError {
    /// No character at all, which would match no key.
    #[error("a key pattern is empty and matches no key: write * for every key")]
    Empty,
    /// More than [`KeyPattern::MAX_LENGTH`] bytes.
    #[error(
        "key pattern {pattern} has {length} bytes: use at most {}",
        KeyPattern::MAX_LENGTH
    )]
    TooLong {
        /// The refused text.
        pattern: Excerpt,
        /// Its length in bytes.
        length: usize,
    },
    /// A backslash that isn't before `*`, `?` or another backslash.
    #[error(
        r"key pattern {pattern} holds a \ that isn't before *, ? or \: write \\ for a backslash"
    )]
    StrayBackslash {
        /// The refused text.
        pattern: Excerpt,
    },
}
