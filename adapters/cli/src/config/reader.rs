use super::given::{Given, Layers, Source};
use super::mistake::{Mistake, Mistakes};
use super::setting::Setting;

/// A setting as it counts.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) setting: Setting,
    /// Without secrets.
    pub(crate) shown: String,
    pub(crate) source: Source,
}

/// A setting is wrong. What is wrong with it is among the mistakes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong;

/// Judges one setting after the other, and keeps what is to be shown and what is wrong.
pub(super) struct Reader<'l> {
    layers: &'l Layers,
    entries: Vec<Entry>,
    mistakes: Mistakes,
}

impl<'l> Reader<'l> {
    pub(super) fn new(layers: &'l Layers, mistakes: Mistakes) -> Self {
        Self {
            layers,
            entries: Vec::new(),
            mistakes,
        }
    }

    /// A setting that has a value in any case.
    pub(super) fn read<T>(
        &mut self,
        setting: Setting,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T, &str) -> String,
    ) -> Result<T, Wrong> {
        let given = self.layers.get(setting).cloned().unwrap_or_else(|| Given {
            text: default.to_owned(),
            source: Source::Default,
        });
        self.judge(setting, given, parse, show)
    }

    /// A setting that may have no value, which is shown as `absent`.
    pub(super) fn optional<T>(
        &mut self,
        setting: Setting,
        absent: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T, &str) -> String,
    ) -> Result<Option<T>, Wrong> {
        if let Some(given) = self.layers.get(setting).cloned() {
            return self.judge(setting, given, parse, show).map(Some);
        }
        self.entries.push(Entry {
            setting,
            shown: absent.to_owned(),
            source: Source::Default,
        });
        Ok(None)
    }

    pub(super) fn is_given(&self, setting: Setting) -> bool {
        self.layers.get(setting).is_some()
    }

    /// Something is wrong with a setting beside others.
    pub(super) fn mistaken(&mut self, setting: Setting, text: &str) {
        let source = match self.layers.get(setting) {
            Some(given) => given.source.clone(),
            None => Source::Default,
        };
        self.add(setting, &source, text);
    }

    pub(super) fn into_parts(self) -> (Vec<Entry>, Mistakes) {
        (self.entries, self.mistakes)
    }

    fn judge<T>(
        &mut self,
        setting: Setting,
        given: Given,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T, &str) -> String,
    ) -> Result<T, Wrong> {
        let Given { text, source } = given;
        match parse(&text) {
            Ok(value) => {
                let shown = show(&value, &text);
                self.entries.push(Entry {
                    setting,
                    shown,
                    source,
                });
                Ok(value)
            }
            Err(reason) => {
                self.add(setting, &source, &reason);
                Err(Wrong)
            }
        }
    }

    fn add(&mut self, setting: Setting, source: &Source, text: &str) {
        let text = format!("{}: {text}", setting.key());
        self.mistakes.add(Mistake::new(source, text));
    }
}
