//! Who may administer tenants.

mod bearer;
mod gate;
mod standing;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use axum::http::request::Parts;
use tenantry::operators::{OperatorAccount, RightName};
use tenantry::{Actor, BoxError, Excerpt, TenantId};

pub use bearer::{BearerTokens, OperatorToken, OperatorTokenError};
pub(crate) use gate::authenticate;
pub(crate) use standing::Standing;

/// Says which operator a request is from: the host's own sign-in, or [`BearerTokens`].
///
/// # Contract
/// - A request is somebody's only if it proves that. Whatever can't be told is an error, never an operator.
/// - It is asked once for each request, before anything else of the request is looked at, and its answer isn't kept.
/// - What goes by without anybody's doing, a cookie say, is proof only beside one against forged requests.
#[async_trait]
pub trait OperatorAuth: Send + Sync {
    /// The operator whose request this is.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`] if it is nobody's; [`AuthError::Forged`] if it isn't proven that he wanted it;
    /// [`AuthError::Unavailable`] if that can't be told.
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError>;
}

/// Somebody who administers tenants, and what he may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    actor: Actor,
    rights: BTreeSet<Right>,
    tenants: Option<BTreeSet<TenantId>>,
}

impl Operator {
    /// An operator with these rights, and no others. `actor` is who every change is recorded as asked for by.
    ///
    /// ```
    /// use tenantry::Actor;
    /// use tenantry_admin::{Operator, Right};
    ///
    /// let support = Operator::new(Actor::named("operator:ines")?, [Right::Read]);
    /// assert!(support.may(Right::Read) && !support.may(Right::Purge));
    /// # Ok::<(), tenantry::ActorError>(())
    /// ```
    pub fn new(actor: Actor, rights: impl IntoIterator<Item = Right>) -> Self {
        let rights = rights.into_iter().collect();
        Self {
            actor,
            rights,
            tenants: None,
        }
    }

    /// The same, with these tenants alone: to him there are no others.
    #[must_use]
    pub fn only_for(self, tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self {
            tenants: Some(tenants.into_iter().collect()),
            ..self
        }
    }

    /// Who it is.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether the operator may do this.
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// The tenants that he may do it with; `None` if it is all of them, those that are still to be made too.
    pub fn tenants(&self) -> Option<&BTreeSet<TenantId>> {
        self.tenants.as_ref()
    }

    /// Whether this tenant is one of his. One that isn't is to be as if it weren't there.
    pub fn reaches(&self, tenant: TenantId) -> bool {
        self.tenants
            .as_ref()
            .is_none_or(|tenants| tenants.contains(&tenant))
    }
}

impl From<OperatorAccount> for Operator {
    /// A right that nobody knows here gives nothing.
    fn from(account: OperatorAccount) -> Self {
        let OperatorAccount {
            actor,
            rights,
            tenants,
        } = account;
        let known = rights.iter().filter_map(|name| name.as_str().parse().ok());
        Self {
            actor,
            rights: known.collect(),
            tenants,
        }
    }
}

/// What an operator may do. None brings another with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Right {
    /// See tenants and their settings.
    Read,
    /// Create, provision, change, suspend, activate and delete tenants: nothing that loses rows.
    Manage,
    /// Purge deleted tenants: their rows are gone then.
    Purge,
    /// See the rows of tenants' tables, those that the host declared for that.
    Browse,
    /// Change the rows of tenants' tables, where the host declared that they can be.
    Edit,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Manage,
        Self::Purge,
        Self::Browse,
        Self::Edit,
    ];
}

impl From<Right> for RightName {
    fn from(right: Right) -> Self {
        // Every one of them is such a name; a test holds that.
        Self::new(right.to_string()).expect("a right's name is one")
    }
}

impl FromStr for Right {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        Self::ALL
            .into_iter()
            .find(|right| right.to_string() == text)
            .ok_or_else(|| UnknownRight {
                text: Excerpt::of(text),
            })
    }
}

/// A text that names no [`Right`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("right {text} is none of: {}", Right::ALL.map(|right| right.to_string()).join(", "))]
pub struct UnknownRight {
    /// The refused text.
    pub text: Excerpt,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Manage => "manage",
            Self::Purge => "purge",
            Self::Browse => "browse",
            Self::Edit => "edit",
        })
    }
}

/// Why a request isn't an operator's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// It proves nobody, or somebody who isn't an operator.
    #[error("the request is no operator's: sign in, or send an operator's token")]
    Unauthenticated,
    /// The session is good, but nothing proves that its own page made the request: somebody else's may have.
    #[error(
        "the request doesn't come from this administration's own page, or not from one that is still good: load the page \
         again and repeat it"
    )]
    Forged,
    /// It can't be told.
    #[error("it can't be told right now whose request this is")]
    Unavailable {
        /// What went wrong.
        source: BoxError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_name_that_it_is_found_by() {
        for right in Right::ALL {
            let name = RightName::from(right);
            assert_eq!(name.as_str().parse(), Ok(right));
        }
        assert!("everything".parse::<Right>().is_err());
    }

    #[test]
    fn an_accounts_unknown_rights_give_nothing_and_its_tenants_are_all_there_are() {
        let name = |text| RightName::new(text).expect("a name");
        let tenant = |last| TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [last; 10]);
        let account = OperatorAccount::new(Actor::system(), [name("read"), name("anything")]);
        let operator = Operator::from(account.clone().only_for([tenant(1)]));
        assert!(operator.may(Right::Read) && !operator.may(Right::Manage));
        assert!(operator.reaches(tenant(1)) && !operator.reaches(tenant(2)));
        let everywhere = Operator::from(account.clone());
        assert!(everywhere.reaches(tenant(2)));
        let nowhere = Operator::from(account.only_for([]));
        assert!(!nowhere.reaches(tenant(1)), "an empty set isn't all");
    }
}
