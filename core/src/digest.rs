use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Excerpt;

/// A SHA-256: what is left of a secret that was given away, or what one entry of the audit log binds the next to.
///
/// ```
/// use tenantry::Digest;
///
/// let digest = Digest::of(&[b"abc"]);
/// assert!(digest.to_string().starts_with("ba7816bf8f01cfea"));
/// assert_eq!(digest.to_string().parse::<Digest>()?, digest);
/// # Ok::<(), tenantry::DigestError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Nothing's: what stands where there is nothing before.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 of these bytes, one piece after the other. Where they are parted makes no difference.
    pub fn of(pieces: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for piece in pieces {
            hash.update(piece);
        }
        Self(hash.finalize().into())
    }

    /// Takes the bytes that a store gives.
    ///
    /// # Errors
    /// [`DigestError`] unless there are 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DigestError> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(DigestError::Length {
                length: bytes.len(),
            }),
        }
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_of(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        bytes_of_hex(text)
            .map(Self)
            .ok_or_else(|| DigestError::Text {
                text: Excerpt::of(text),
            })
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn hex_of(bytes: &[u8; 32]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| DIGITS[usize::from(half)])
        .collect()
}

/// The 32 bytes of 64 lower-case hexadecimal digits.
pub(crate) fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value_of(pair[0])? << 4 | value_of(pair[1])?;
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What can't be a [`Digest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// Not 64 lower-case hexadecimal digits.
    #[error("digest {text} isn't 64 lower-case hexadecimal digits")]
    Text {
        /// The refused text.
        text: Excerpt,
    },
    /// Not 32 bytes.
    #[error("a digest of {length} bytes: a SHA-256 has 32")]
    Length {
        /// How many there were.
        length: usize,
    },
}
