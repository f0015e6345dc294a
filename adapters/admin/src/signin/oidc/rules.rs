use std::collections::BTreeSet;

use tenantry::{Actor, TenantId};

use super::identity::{OidcIdentity, OperatorMapping};
use crate::access::{Operator, Right};

/// Makes operators of subjects, verified addresses and groups that are named one by one. Whoever isn't named is none.
///
/// Of several rules that name somebody, those for every tenant count, with all of their rights. If there is none of those,
/// they have the rights that every one of the rules gives, for all of their tenants: so nobody comes by a right for a tenant
/// that no rule gives. Their actor is `oidc:` and their subject.
///
/// ```
/// use tenantry_admin::{IdentityRules, Right};
///
/// let rules = IdentityRules::nobody()
///     .group("platform", Right::ALL)
///     .email("ines@example.com", [Right::Read]);
/// # let _ = rules;
/// ```
#[derive(Clone, Debug, Default)]
pub struct IdentityRules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    who: Who,
    rights: BTreeSet<Right>,
    tenants: Option<BTreeSet<TenantId>>,
}

#[derive(Clone, Debug)]
enum Who {
    Subject(String),
    Email(String),
    Group(String),
}

impl IdentityRules {
    /// Nobody is an operator.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Whoever the provider knows by this subject has these rights.
    #[must_use]
    pub fn subject(self, subject: &str, rights: impl IntoIterator<Item = Right>) -> Self {
        self.with(Who::Subject(subject.to_owned()), rights)
    }

    /// Whoever the provider has made sure has this address has these rights.
    #[must_use]
    pub fn email(self, email: &str, rights: impl IntoIterator<Item = Right>) -> Self {
        self.with(Who::Email(email.to_ascii_lowercase()), rights)
    }

    /// Whoever is in this group has these rights.
    #[must_use]
    pub fn group(self, group: &str, rights: impl IntoIterator<Item = Right>) -> Self {
        self.with(Who::Group(group.to_owned()), rights)
    }

    /// The rule before is for these tenants alone.
    #[must_use]
    pub fn only_for(mut self, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        if let Some(rule) = self.rules.last_mut() {
            rule.tenants = Some(tenants.into_iter().collect());
        }
        self
    }

    fn with(mut self, who: Who, rights: impl IntoIterator<Item = Right>) -> Self {
        self.rules.push(Rule {
            who,
            rights: rights.into_iter().collect(),
            tenants: None,
        });
        self
    }
}

impl Rule {
    fn names(&self, identity: &OidcIdentity) -> bool {
        match &self.who {
            Who::Subject(subject) => identity.subject == *subject,
            Who::Email(email) => identity.email.as_ref() == Some(email),
            Who::Group(group) => identity.groups.contains(group),
        }
    }
}

impl OperatorMapping for IdentityRules {
    fn operator(&self, identity: &OidcIdentity) -> Option<Operator> {
        let rules: Vec<_> = self
            .rules
            .iter()
            .filter(|rule| rule.names(identity))
            .collect();
        if rules.is_empty() {
            return None;
        }
        let actor = Actor::named(format!("oidc:{}", identity.subject)).ok()?;
        let everywhere: Vec<_> = rules.iter().filter(|rule| rule.tenants.is_none()).collect();
        if !everywhere.is_empty() {
            let rights = everywhere
                .iter()
                .flat_map(|rule| rule.rights.iter().copied());
            return Some(Operator::new(actor, rights));
        }
        let shared = rules
            .iter()
            .map(|rule| rule.rights.clone())
            .reduce(|one, other| &one & &other)
            .unwrap_or_default();
        let tenants = rules.iter().filter_map(|rule| rule.tenants.as_ref());
        Some(Operator::new(actor, shared).only_for(tenants.flatten().copied()))
    }
}
