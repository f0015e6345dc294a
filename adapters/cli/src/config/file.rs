use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Spanned, Value};

use super::given::{Layers, Source};
use super::mistake::{Mistake, Mistakes};
use super::setting::{Setting, nearest};

/// The file that is read where none is named, if it is there.
const USUAL: &str = "tenantry.toml";

/// Which file of settings there is: the one that is named, or the usual one in the current folder.
pub(super) fn find(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| Some(PathBuf::from(USUAL)).filter(|file| file.exists()))
}

/// Reads a file of settings. What is wrong with it is among the mistakes.
pub(super) fn read(path: &Path, layers: &mut Layers, mistakes: &mut Mistakes) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let text = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("it can't be read: {error}"),
            };
            return mistakes.add(mistake(path, 1, text));
        }
    };
    match toml::from_str::<BTreeMap<String, Spanned<Value>>>(&text) {
        Ok(entries) => {
            let mut entries: Vec<_> = entries.into_iter().collect();
            entries.sort_by_key(|(_, value)| value.span().start);
            for (key, value) in entries {
                let line = line_of(&text, value.span().start);
                take(path, line, &key, value.get_ref(), layers, mistakes);
            }
        }
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            mistakes.add(mistake(
                path,
                line,
                format!("it is no TOML: {}", error.message()),
            ));
        }
    }
}

fn take(
    path: &Path,
    line: usize,
    key: &str,
    value: &Value,
    layers: &mut Layers,
    mistakes: &mut Mistakes,
) {
    let Some(setting) = Setting::of_key(key) else {
        let known = Setting::ALL.map(|setting| setting.key().to_owned());
        let meant = match nearest(key, known) {
            Some(meant) => format!("{meant} was meant, probably"),
            None => "tenantry config check shows those that there are".to_owned(),
        };
        let text = format!(
            "there is no setting {}: {meant}",
            tenantry::Excerpt::of(key)
        );
        return mistakes.add(mistake(path, line, text));
    };
    if setting.is_for_the_environment_alone() {
        let text = format!("{key} is a secret: give it as {}", setting.variable());
        return mistakes.add(mistake(path, line, text));
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        other => {
            let text = format!(
                "{key} is a text, a number or a truth value, and no {}",
                other.type_str()
            );
            return mistakes.add(mistake(path, line, text));
        }
    };
    let path = path.to_owned();
    layers.put(setting, text, Source::File { path, line });
}

fn mistake(path: &Path, line: usize, text: impl Into<String>) -> Mistake {
    let path = path.to_owned();
    Mistake::new(&Source::File { path, line }, text)
}

/// The line of a file, from 1, that the byte `at` is on.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
