//! Texts of keys and cursors: a list of values that is good for a URL, and says nothing to whoever reads it.

use alloc::string::String;
use alloc::vec::Vec;

use super::RowKey;
use super::value::{bytes_of_hex, hex_of};

/// `None` if the values are too long.
pub(super) fn to_token(values: &[Option<String>]) -> Option<String> {
    let length: usize = values.iter().flatten().map(String::len).sum();
    if length > RowKey::MAX_LENGTH {
        return None;
    }
    let json = serde_json::to_vec(values).ok()?;
    Some(hex_of(&json))
}

/// `None` if it is no token.
pub(super) fn from_token(token: &str) -> Option<Vec<Option<String>>> {
    // Each byte of a value may be six in JSON.
    if token.len() > 2 * (6 * RowKey::MAX_LENGTH + 1_024) {
        return None;
    }
    serde_json::from_slice(&bytes_of_hex(token)?).ok()
}
