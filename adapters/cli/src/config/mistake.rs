use std::fmt;

use super::given::Source;

/// Something that is wrong with the settings.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) place: String,
    pub(crate) text: String,
}

impl Mistake {
    /// `text` is shown: it holds no secret.
    pub(crate) fn new(source: &Source, text: impl Into<String>) -> Self {
        Self {
            place: source.to_string(),
            text: text.into(),
        }
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, Default, thiserror::Error)]
pub(crate) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(crate) fn add(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings can't be used")?;
        for Mistake { place, text } in &self.0 {
            write!(f, "\n  {place}: {text}")?;
        }
        Ok(())
    }
}
