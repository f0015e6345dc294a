use alloc::collections::BTreeSet;

use super::{Slug, SlugError};
use crate::Excerpt;

/// Slugs that no tenant may take, in order, since a binary search reads them.
///
/// They are host names that a service keeps for itself, and words that a person could mistake for
/// the shared schema or for the system's own.
pub(super) const RESERVED: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "console",
    "dashboard",
    "default",
    "dev",
    "docs",
    "email",
    "ftp",
    "git",
    "help",
    "host",
    "imap",
    "information-schema",
    "internal",
    "localhost",
    "login",
    "logout",
    "mail",
    "master",
    "metrics",
    "null",
    "oauth",
    "operator",
    "pop",
    "postgres",
    "postmaster",
    "private",
    "production",
    "public",
    "root",
    "security",
    "shared",
    "smtp",
    "sqlite",
    "ssl",
    "sso",
    "staging",
    "static",
    "status",
    "support",
    "system",
    "template0",
    "template1",
    "tenant",
    "tenantry",
    "tenants",
    "test",
    "undefined",
    "webmail",
    "webmaster",
    "www",
];

/// The reserved slugs of one host: the built-in list, and what the host adds to it.
///
/// [`Slug::new`] always refuses the built-in ones. A host that keeps more host names for itself adds
/// them here and gives the list to [`TenantServiceBuilder`](crate::TenantServiceBuilder).
///
/// ```
/// use tenantry::ReservedSlugs;
///
/// let reserved = ReservedSlugs::builtin().and(["shop", "careers"])?;
/// assert!(reserved.check("shop").is_err());
/// assert!(reserved.check("acme").is_ok());
/// # Ok::<(), tenantry::SlugError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReservedSlugs {
    added: BTreeSet<Slug>,
}

impl ReservedSlugs {
    /// The built-in list alone.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// Adds words to the list.
    ///
    /// # Errors
    /// A word that could not be a slug anyway is refused, since reserving it would protect nothing. A
    /// word that is reserved already is fine.
    pub fn and<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Result<Self, SlugError> {
        for word in words {
            match Slug::new(word) {
                Ok(slug) => drop(self.added.insert(slug)),
                Err(SlugError::Reserved { .. }) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(self)
    }

    /// Makes a slug of `text` if it is well formed and on neither list.
    ///
    /// # Errors
    /// See [`SlugError`].
    pub fn check(&self, text: &str) -> Result<Slug, SlugError> {
        let slug = Slug::new(text)?;
        self.allow(slug)
    }

    /// Lets `slug` pass if the host hasn't reserved it.
    ///
    /// # Errors
    /// [`SlugError::Reserved`].
    pub fn allow(&self, slug: Slug) -> Result<Slug, SlugError> {
        if self.added.contains(&slug) {
            return Err(SlugError::Reserved {
                slug: Excerpt::of(slug.as_str()),
            });
        }
        Ok(slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_list_is_sorted_and_holds_only_words_that_could_be_slugs() {
        assert!(RESERVED.is_sorted_by(|a, b| a < b));
        for word in RESERVED {
            assert!(
                matches!(Slug::new(word), Err(SlugError::Reserved { .. })),
                "{word}"
            );
        }
    }

    #[test]
    fn a_word_that_could_not_be_a_slug_cannot_be_reserved() {
        assert!(ReservedSlugs::builtin().and(["Not A Slug"]).is_err());
    }

    #[test]
    fn reserving_a_word_twice_or_one_of_the_built_in_ones_changes_nothing() {
        let reserved = ReservedSlugs::builtin()
            .and(["www", "shop", "shop"])
            .unwrap();
        assert_eq!(reserved, ReservedSlugs::builtin().and(["shop"]).unwrap());
    }
}
