//! What was said where, and which of it counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::mistake::{Mistake, Mistakes};
use super::setting::{Setting, nearest};
use crate::args::{Global, SettingArgs};

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Environment { variable: String },
    Flag { flag: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("by default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// A setting's text, and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// What counts of each setting: a later layer over an earlier one.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    counts: BTreeMap<&'static str, Given>,
}

impl Layers {
    pub(crate) fn get(&self, setting: Setting) -> Option<&Given> {
        self.counts.get(setting.key())
    }

    pub(crate) fn put(&mut self, setting: Setting, text: String, source: Source) {
        self.counts.insert(setting.key(), Given { text, source });
    }

    /// Lays the environment over what is there. A variable that is empty says nothing, as an unset one.
    pub(crate) fn add_environment(
        &mut self,
        environment: &[(OsString, OsString)],
        mistakes: &mut Mistakes,
    ) {
        let settings: Vec<_> = Setting::ALL
            .map(|setting| (setting.variable(), setting))
            .into();
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let source = Source::Environment {
                variable: name.to_owned(),
            };
            let known = settings.iter().find(|(variable, _)| variable == name);
            match (known, value.to_str()) {
                (Some((_, setting)), Some(text)) => self.put(*setting, text.to_owned(), source),
                (Some(_), None) => mistakes.add(Mistake::new(&source, "it isn't UTF-8")),
                (None, _) => {
                    let known = settings.iter().map(|(variable, _)| variable.clone());
                    if let Some(text) = misspelt(name, known) {
                        mistakes.add(Mistake::new(&source, text));
                    }
                }
            }
        }
    }

    /// Lays flags over what is there.
    pub(crate) fn add_flags(
        &mut self,
        global: &Global,
        args: &SettingArgs,
        environment: &[(OsString, OsString)],
    ) {
        for setting in Setting::ALL {
            let Some(text) = setting.of_flags(global, args) else {
                continue;
            };
            let variable = setting.variable();
            let said = |(name, value): &(OsString, OsString)| {
                name.as_os_str() == variable.as_str() && value.as_os_str() == text.as_str()
            };
            // The command line's reader takes some variables for their flags.
            if !environment.iter().any(said) {
                let flag = setting.flag();
                self.put(setting, text, Source::Flag { flag });
            }
        }
    }
}

const PREFIX: &str = "TENANTRY_";
/// Variables of other commands, of programs that do jobs, and of tests.
const OTHERS: [&str; 2] = ["TENANTRY_CONFIG", "TENANTRY_ACTOR"];

/// What to say of a variable that is no setting, if it looks like one. Others may have the prefix, too: an orchestrator that
/// tells of a service of that name, for one.
fn misspelt(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    const CLOSE: usize = 2;
    if OTHERS.contains(&name) {
        return None;
    }
    let meant = nearest(name, known)?;
    (strsim::osa_distance(name, &meant) <= CLOSE)
        .then(|| format!("there is no such setting: {meant} was meant, probably"))
}
