use alloc::vec::Vec;
use core::time::Duration;

use super::{EmailAddress, Invitation, InvitationToken, Invitee, Role, Subject};

/// What an invitation is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// As what.
    pub role: Role,
    /// Who alone may accept it; whoever has the token, if absent.
    pub invitee: Option<Invitee>,
    /// How long it can be accepted: at most [`NewInvitation::LONGEST`].
    pub valid_for: Duration,
}

impl NewInvitation {
    /// How long one is valid unless it says otherwise: a week.
    pub const USUAL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// How long one is valid at most: 30 days. A longer time counts as this.
    pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// An invitation for whoever has the token, for a week.
    pub fn to_anybody(role: Role) -> Self {
        Self {
            role,
            invitee: None,
            valid_for: Self::USUAL,
        }
    }

    /// An invitation for this one alone, for a week.
    pub fn to(invitee: Invitee, role: Role) -> Self {
        Self {
            invitee: Some(invitee),
            ..Self::to_anybody(role)
        }
    }
}

/// An invitation that was just made, and its token, which is to be had this once.
#[derive(Clone, Debug)]
pub struct IssuedInvitation {
    /// What is recorded.
    pub invitation: Invitation,
    /// What to send.
    pub token: InvitationToken,
}

/// Who accepts an invitation, as the host's sign-in knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Who.
    pub subject: Subject,
    /// The addresses that are proven to be theirs. One that they only claim lets them in by somebody else's invitation.
    pub proven_addresses: Vec<EmailAddress>,
}

impl Newcomer {
    /// Somebody of whom no address is known.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            proven_addresses: Vec::new(),
        }
    }

    /// The same, with an address that is proven to be theirs.
    #[must_use]
    pub fn with_proven_address(mut self, address: EmailAddress) -> Self {
        self.proven_addresses.push(address);
        self
    }

    /// Whether an invitation for `invitee` is for them.
    pub fn is(&self, invitee: &Invitee) -> bool {
        match invitee {
            Invitee::Subject(subject) => *subject == self.subject,
            Invitee::Email(address) => self.proven_addresses.contains(address),
        }
    }
}
