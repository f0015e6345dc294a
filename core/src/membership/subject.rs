use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Actor, Excerpt};

/// Somebody, as the host's sign-in names them: the `sub` of a token, a user's id.
///
/// It is opaque: two subjects are the same if their bytes are. 1 to 200 characters, none of them a control character or a
/// blank of any kind, so that no two look alike by what can't be seen. `system` is refused, since that
/// [acts](Actor::system) for nobody.
///
/// ```
/// use tenantry::membership::Subject;
///
/// assert_eq!(Subject::new("auth0|5f7c8ec7c33c6c004bbafe82")?.as_str(), "auth0|5f7c8ec7c33c6c004bbafe82");
/// assert!(Subject::new("user 42").is_err());
/// assert!(Subject::new("system").is_err());
/// # Ok::<(), tenantry::membership::SubjectError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// The longest subject, in characters.
    pub const MAX_LENGTH: usize = Actor::MAX_LENGTH;

    /// Takes a subject.
    ///
    /// # Errors
    /// [`SubjectError`].
    pub fn new(subject: impl Into<String>) -> Result<Self, SubjectError> {
        let subject = subject.into();
        let invisible = |c: char| c.is_control() || c.is_whitespace();
        let well_formed = !subject.is_empty()
            && subject.chars().count() <= Self::MAX_LENGTH
            && !subject.chars().any(invisible)
            && subject != Actor::system().as_str();
        if well_formed {
            Ok(Self(subject))
        } else {
            Err(SubjectError {
                subject: Excerpt::of(&subject),
            })
        }
    }

    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({:?})", self.0)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        Self::new(text)
    }
}

/// A text that can't be a [`Subject`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "subject {subject}: use 1 to {} characters without blanks and control characters, other than \"system\"",
    Subject::MAX_LENGTH
)]
pub struct SubjectError {
    /// The refused text.
    pub subject: Excerpt,
}
