use alloc::string::String;

use crate::ports::DomainError;
use crate::resolution::DomainName;
use crate::{BoxError, Retry};

/// Why a domain isn't a tenant's. Nothing has changed, but for what is known of the claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainRefused {
    /// One label alone can't be anybody's.
    #[error("{domain} has one label alone: give the whole name, such as shop.example.com")]
    SingleLabel {
        /// Which.
        domain: DomainName,
    },
    /// No room for the record's name.
    #[error(
        "{domain} is too long: at most {} characters leave room for the record that proves it",
        super::DomainChallenge::LONGEST_DOMAIN
    )]
    TooLong {
        /// Which.
        domain: DomainName,
    },
    /// The tenant never claimed it, or has released it.
    #[error("{domain} isn't claimed by the tenant: claim it first")]
    NotClaimed {
        /// Which.
        domain: DomainName,
    },
    /// The record isn't there.
    #[error(
        "no TXT record at {record_name} says {value}: publish it, wait until it is seen, and verify again"
    )]
    NotProven {
        /// Where it has to be.
        record_name: String,
        /// What it has to say.
        value: String,
    },
    /// Nobody could say whether it is there.
    #[error("the DNS of {domain} can't be asked just now: verify again later")]
    Unreachable {
        /// Which.
        domain: DomainName,
    },
    /// Another tenant has proven it, and still can. Whose it is isn't told.
    #[error("{domain} is in use by somebody else, who proves it too: have their record removed")]
    Taken {
        /// Which.
        domain: DomainName,
    },
}

/// Why a [`DomainService`](super::DomainService) didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DomainServiceError {
    /// The domain isn't the tenant's.
    #[error(transparent)]
    Refused(#[from] DomainRefused),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] DomainError),
    /// No secret is to be had for a challenge.
    #[error("no random bytes are to be had, so nothing was claimed: try again")]
    NoSecret {
        /// What the source of secrets said.
        source: BoxError,
    },
}

impl DomainServiceError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused(DomainRefused::Unreachable { .. }) | Self::NoSecret { .. } => {
                Retry::Later
            }
            Self::Refused(_) => Retry::Never,
            Self::Store(error) => error.retry(),
        }
    }
}
