use core::fmt;

use arrayvec::ArrayVec;

use super::{DomainName, SourceKind, Unresolved};
use crate::{Slug, TenantId};

/// What a tenant is named by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantReference {
    /// Its slug.
    Slug(Slug),
    /// Its id.
    Id(TenantId),
    /// A domain of its own.
    Domain(DomainName),
}

impl fmt::Display for TenantReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slug(slug) => write!(f, "slug {slug}"),
            Self::Id(id) => write!(f, "id {id}"),
            Self::Domain(domain) => write!(f, "domain {domain}"),
        }
    }
}

/// One source's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it was said.
    pub source: SourceKind,
    /// Which tenant was named.
    pub reference: TenantReference,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names {}", self.source, self.reference)
    }
}

/// Which tenant a request names, in the words of all its sources, which don't contradict each other so far.
///
/// Words of different kinds (a slug and an id) can be compared only when the tenant is known. So look the tenant up by
/// [`key`](Self::key), then [`confirm`](Self::confirm) it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    claims: ArrayVec<Claim, { Candidate::MOST_CLAIMS }>,
}

impl Candidate {
    /// One for each kind of source.
    const MOST_CLAIMS: usize = 6;

    /// The claims in the order of the sources; nothing without any.
    pub(super) fn of(claims: impl Iterator<Item = Claim>) -> Result<Option<Self>, Unresolved> {
        let mut kept = ArrayVec::<Claim, { Self::MOST_CLAIMS }>::new();
        for claim in claims {
            if let Some(other) = kept.iter().find(|other| contradict(other, &claim)) {
                return Err(disagreement(other, &claim));
            }
            // A source is configured once, so there is room for all.
            let _ = kept.try_push(claim);
        }
        Ok((!kept.is_empty()).then_some(Self { claims: kept }))
    }

    /// What to look the tenant up by: the domain, if there is one, since only the directory knows whose it is;
    /// otherwise what the first source says.
    pub fn key(&self) -> &TenantReference {
        let domain = |claim: &&Claim| matches!(claim.reference, TenantReference::Domain(_));
        let claim = self.claims.iter().find(domain).unwrap_or(&self.claims[0]);
        &claim.reference
    }

    /// Every source's word, in the order of the sources. There is at least one.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Whether all sources mean the tenant that was found by [`key`](Self::key).
    ///
    /// # Errors
    /// [`Unresolved::Disagreement`], with the two that differ.
    pub fn confirm(&self, id: TenantId, slug: &Slug) -> Result<(), Unresolved> {
        let means_it = |claim: &Claim| match &claim.reference {
            TenantReference::Slug(named) => named == slug,
            TenantReference::Id(named) => *named == id,
            // There is one host, so there is one domain, and the tenant was found by it.
            TenantReference::Domain(_) => true,
        };
        match self.claims.iter().find(|claim| !means_it(claim)) {
            None => Ok(()),
            Some(other) => {
                let found_by = self
                    .claims
                    .iter()
                    .find(|claim| &claim.reference == self.key());
                Err(disagreement(found_by.unwrap_or(other), other))
            }
        }
    }
}

fn contradict(one: &Claim, other: &Claim) -> bool {
    match (&one.reference, &other.reference) {
        (TenantReference::Slug(one), TenantReference::Slug(other)) => one != other,
        (TenantReference::Id(one), TenantReference::Id(other)) => one != other,
        (TenantReference::Domain(one), TenantReference::Domain(other)) => one != other,
        _ => false,
    }
}

fn disagreement(one: &Claim, other: &Claim) -> Unresolved {
    Unresolved::Disagreement {
        one: one.clone(),
        other: other.clone(),
    }
}
