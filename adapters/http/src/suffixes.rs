use psl::Type;
use tenantry::resolution::{DomainName, PublicSuffixes};

/// The public suffix list, as it was when this crate's dependency was released.
///
/// Its private part isn't counted: there, owners put domains of their own whose subdomains belong to different people,
/// so that browsers keep those apart, and a base domain may well be one.
///
/// ```
/// use tenantry::resolution::BaseDomain;
/// use tenantry_http::PublicSuffixList;
///
/// assert!(BaseDomain::new("example.co.uk", &PublicSuffixList).is_ok());
/// assert!(BaseDomain::new("co.uk", &PublicSuffixList).is_err());
/// assert!(BaseDomain::new("github.io", &PublicSuffixList).is_ok(), "its owner's");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicSuffixList;

impl PublicSuffixes for PublicSuffixList {
    fn is_public_suffix(&self, name: &DomainName) -> bool {
        psl::suffix(name.as_str().as_bytes()).is_some_and(|suffix| {
            suffix.typ() == Some(Type::Icann) && suffix.as_bytes() == name.as_str().as_bytes()
        })
    }
}
