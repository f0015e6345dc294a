use std::env::{self, VarError};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The secret that tokens are signed and verified with: at least 32 bytes, and never in `Debug`.
#[derive(Clone)]
pub struct SharedSecret {
    bytes: Vec<u8>,
}

impl SharedSecret {
    /// The shortest secret, in bytes: as long as what HMAC with SHA-256 makes of it.
    pub const LEAST_BYTES: usize = 32;
    /// The variable of the environment.
    pub const VARIABLE: &'static str = "JWT_SECRET";

    /// Takes a secret.
    ///
    /// # Errors
    /// [`SecretError::TooShort`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretError> {
        let bytes = bytes.into();
        if bytes.len() < Self::LEAST_BYTES {
            let length = bytes.len();
            return Err(SecretError::TooShort { length });
        }
        Ok(Self { bytes })
    }

    /// Reads `JWT_SECRET` from the environment.
    ///
    /// # Errors
    /// [`SecretError::NotSet`], [`SecretError::TooShort`].
    pub fn from_environment() -> Result<Self, SecretError> {
        match env::var(Self::VARIABLE) {
            Ok(text) => Self::new(text),
            Err(VarError::NotPresent | VarError::NotUnicode(_)) => Err(SecretError::NotSet),
        }
    }

    /// Reads a file, without the line break at its end.
    ///
    /// # Errors
    /// [`SecretError::Unreadable`], [`SecretError::TooShort`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SecretError> {
        let path = path.as_ref();
        let mut bytes = fs::read(path).map_err(|source| SecretError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        while let Some(b'\n' | b'\r') = bytes.last() {
            bytes.pop();
        }
        Self::new(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// Why there is no [`SharedSecret`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The environment has none.
    #[error(
        "{} isn't set, or isn't text: set it to at least {} random characters",
        SharedSecret::VARIABLE,
        SharedSecret::LEAST_BYTES
    )]
    NotSet,
    /// The file can't be read.
    #[error("the secret can't be read from {path}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too short to be one.
    #[error(
        "the secret has {length} bytes: use at least {}",
        SharedSecret::LEAST_BYTES
    )]
    TooShort {
        /// Its length in bytes.
        length: usize,
    },
}
