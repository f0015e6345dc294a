use alloc::string::ToString;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tenant's free-form settings: a JSON object of at most 64 KiB, written compactly, at most 64 levels deep.
///
/// What the host wants to keep with a tenant (a plan, a time zone, feature flags) goes here; rows go in
/// the tenant's schema.
///
/// ```
/// use serde_json::json;
/// use tenantry::Settings;
///
/// let settings = Settings::new(json!({ "plan": "pro" }))?;
/// assert_eq!(settings.get("plan"), Some(&json!("pro")));
/// assert!(Settings::new(json!(["not", "an", "object"])).is_err());
/// # Ok::<(), tenantry::SettingsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Settings(Map<alloc::string::String, Value>);

impl Settings {
    /// The largest settings, in bytes of compact JSON.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The deepest nesting of objects and arrays, the settings themselves included.
    pub const MAX_DEPTH: usize = 64;

    /// Takes a JSON object.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(value: Value) -> Result<Self, SettingsError> {
        // First of all: the others go down into the value, too.
        if !fits(&value, Self::MAX_DEPTH) {
            return Err(SettingsError::TooDeep);
        }
        let bytes = value.to_string().len();
        let Value::Object(map) = value else {
            return Err(SettingsError::NotAnObject {
                found: kind_of(&value),
            });
        };
        if bytes > Self::MAX_BYTES {
            return Err(SettingsError::TooLarge { bytes });
        }
        if has_nul(map.iter()) {
            return Err(SettingsError::Nul);
        }
        Ok(Self(map))
    }

    /// The value of one setting.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether there are no settings.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settings as a JSON object.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl From<Settings> for Value {
    fn from(settings: Settings) -> Self {
        Value::Object(settings.0)
    }
}

impl TryFrom<Value> for Settings {
    type Error = SettingsError;

    fn try_from(value: Value) -> Result<Self, SettingsError> {
        Self::new(value)
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether `value` has at most `depth` levels. JSON readers give up at some depth (`serde_json` at 128), so what is
/// deeper could be written and never read again.
fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => depth > 0 && items.iter().all(|item| fits(item, depth - 1)),
        Value::Object(map) => depth > 0 && map.values().all(|item| fits(item, depth - 1)),
    }
}

/// PostgreSQL's `jsonb` can't hold U+0000, so no adapter may be asked to.
fn has_nul<'a>(mut entries: impl Iterator<Item = (&'a alloc::string::String, &'a Value)>) -> bool {
    entries.any(|(key, value)| key.contains('\0') || value_has_nul(value))
}

fn value_has_nul(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(value_has_nul),
        Value::Object(map) => has_nul(map.iter()),
    }
}

/// Why a JSON value can't be a tenant's settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Something other than an object.
    #[error("settings are {found}: give a JSON object, such as {{\"plan\": \"pro\"}}")]
    NotAnObject {
        /// What was given.
        found: &'static str,
    },
    /// More than [`Settings::MAX_BYTES`].
    #[error(
        "settings take {bytes} bytes: use at most {}; rows belong in the tenant's schema",
        Settings::MAX_BYTES
    )]
    TooLarge {
        /// Their size in bytes of compact JSON.
        bytes: usize,
    },
    /// More than [`Settings::MAX_DEPTH`] levels.
    #[error(
        "settings are more than {} levels deep: make them flatter",
        Settings::MAX_DEPTH
    )]
    TooDeep,
    /// A U+0000 in a key or a text, which PostgreSQL can't store.
    #[error("settings hold a NUL character, which PostgreSQL can't store: leave it out")]
    Nul,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (1..levels).fold(Value::Object(Map::new()), |inner, level| {
            if level % 2 == 0 {
                Value::Array(alloc::vec![inner])
            } else {
                let key = alloc::string::String::from("k");
                Value::Object(core::iter::once((key, inner)).collect())
            }
        })
    }

    #[test]
    fn settings_that_no_reader_could_read_back_are_refused() {
        let deepest = nested(Settings::MAX_DEPTH);
        assert!(deepest.is_object(), "the outermost level is an object");
        let text = deepest.to_string();
        Settings::new(deepest).expect("it is just deep enough");
        serde_json::from_str::<Settings>(&text).expect("and can be read back");
        let too_deep = Settings::new(nested(Settings::MAX_DEPTH + 2));
        assert_eq!(too_deep, Err(SettingsError::TooDeep));
    }
}
