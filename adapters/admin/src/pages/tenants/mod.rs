//! The tenants, and one of them.

mod actions;
mod changing;
mod chosen;
mod creating;
mod listing;
mod showing;
mod switching;

pub(super) use changing::{act, rename, settings};
pub(super) use chosen::Chosen;
pub(super) use creating::{blank, create};
pub(super) use listing::list;
pub(super) use showing::show;
pub(super) use switching::{slugs, switch};

/// A field of a form as it was sent, and what is wrong with it.
#[derive(Default)]
struct Field {
    value: String,
    wrong: Option<String>,
}

impl Field {
    fn of(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            wrong: None,
        }
    }

    /// Reads the field, or says what is wrong with it beside it.
    fn read<T, E: std::fmt::Display>(
        &mut self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match read(&self.value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong = Some(super::failure::sentence_of(&error));
                None
            }
        }
    }
}
