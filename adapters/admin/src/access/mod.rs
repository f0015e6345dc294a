//! Who may administer tenants.

mod bearer;
mod gate;

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use tenantry::{Actor, BoxError};

pub use bearer::{BearerTokens, OperatorToken, OperatorTokenError};
pub(crate) use gate::{authenticate, demand};

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
    /// [`AuthError::Unauthenticated`] if it is nobody's; [`AuthError::Unavailable`] if that can't be told.
    async fn operator(&self, request: &Parts) -> Result<Operator, AuthError>;
}

/// Somebody who administers tenants, and what he may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    actor: Actor,
    rights: BTreeSet<Right>,
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
        Self { actor, rights }
    }

    /// Who it is.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether the operator may do this.
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
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
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 3] = [Self::Read, Self::Manage, Self::Purge];
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Manage => "manage",
            Self::Purge => "purge",
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
    /// It can't be told.
    #[error("it can't be told right now whose request this is")]
    Unavailable {
        /// What went wrong.
        source: BoxError,
    },
}
