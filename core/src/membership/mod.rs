//! Who may act in which tenant.
//!
//! ```text
//!  Subject, Role        somebody, and what they may do in one tenant: viewer < member < admin < owner
//!  Invitation           a way in that is given to somebody: its token is a secret, of which a digest is kept
//!  rules                (standing, who asks, command) -> change: functions
//!  MembershipService    the rules, driven over a MembershipStore
//! ```
//!
//! A tenant's members are none of another's: the same subject has a role in each tenant, or none. Whoever isn't a member
//! is told what everybody is told of a tenant that doesn't exist.

mod change;
mod error;
mod invitation;
mod invite;
mod role;
pub mod rules;
mod service;
mod standing;
mod subject;

pub use change::{Member, Membership, MembershipChange};
pub use error::{MembershipRefused, MembershipServiceError};
pub use invitation::{
    EmailAddress, EmailAddressError, Invitation, InvitationId, InvitationIdError, InvitationToken,
    InvitationTokenError, Invitee, InviteeError,
};
pub use invite::{IssuedInvitation, NewInvitation, Newcomer};
pub use role::{Role, UnknownRole};
pub use service::MembershipService;
pub use standing::{RosterVersion, RosterVersionError, Standing};
pub use subject::{Subject, SubjectError};
