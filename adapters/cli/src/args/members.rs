//! What can be said of members and of domains.

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use tenantry::membership::{InvitationId, Invitee, NewInvitation, Role, Subject};
use tenantry::resolution::DomainName;

use super::{Age, AgeError, TenantArg};

#[derive(Debug, Subcommand)]
pub(crate) enum MembersCommand {
    /// Lists a tenant's members.
    List(TenantArg),
    /// Makes somebody a member. The first owner of a tenant is made so.
    Add {
        #[command(flatten)]
        member: MemberArgs,
        /// What they may do: owner, admin, member or viewer.
        #[arg(long)]
        role: Role,
    },
    /// Gives a member another role. The last owner stays one.
    Change {
        #[command(flatten)]
        member: MemberArgs,
        /// What they may do from now on: owner, admin, member or viewer.
        #[arg(long)]
        role: Role,
    },
    /// Makes somebody no member any more. The last owner stays one.
    Remove(MemberArgs),
    /// Makes an invitation, and shows its token, this once.
    Invite {
        #[command(flatten)]
        tenant: TenantArg,
        /// What whoever accepts it may do: owner, admin, member or viewer.
        #[arg(long)]
        role: Role,
        /// Who alone may accept it: subject:ID, or email:ADDRESS. Whoever has the token if absent.
        #[arg(long = "for", value_name = "WHO")]
        invitee: Option<Invitee>,
        /// How long it can be accepted, 30d at most.
        #[arg(long, value_name = "AGE", default_value = "7d", value_parser = validity)]
        valid_for: Age,
    },
    /// Lists a tenant's invitations, the expired ones too. Their tokens are kept nowhere.
    Invitations(TenantArg),
    /// Takes an invitation back.
    Withdraw {
        #[command(flatten)]
        tenant: TenantArg,
        /// The invitation's id.
        id: InvitationId,
    },
}

/// Who, and in which tenant.
#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArg,
    /// Who, as the application's sign-in names them.
    #[arg(value_parser = |text: &str| Subject::new(text))]
    pub(crate) subject: Subject,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainsCommand {
    /// Lists the domains that a tenant has claimed, and which of them are its own.
    List(TenantArg),
    /// Claims a domain for a tenant, and says which record has to be published to prove it.
    Claim(DomainArgs),
    /// Looks for that record, and gives the tenant the domain if it is there.
    Check {
        #[command(flatten)]
        domain: DomainArgs,
        #[command(flatten)]
        resolver: ResolverArgs,
    },
    /// Looks again for the records of all tenants' domains, the longest ago first. One whose record is gone for three days is its
    /// tenant's no more. For cron.
    Recheck {
        /// Only domains that weren't looked at for so long.
        #[arg(long, value_name = "AGE", default_value = "1d")]
        older_than: Age,
        /// How many at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        #[command(flatten)]
        resolver: ResolverArgs,
    },
    /// Gives a domain up. It is free at once.
    Release(DomainArgs),
}

/// Whom to ask.
#[derive(Debug, Args)]
pub(crate) struct ResolverArgs {
    /// Ask this resolver of DNS instead of the system's, such as 10.0.0.53:53.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) resolver: Option<SocketAddr>,
}

/// Which domain, and whose.
#[derive(Debug, Args)]
pub(crate) struct DomainArgs {
    #[command(flatten)]
    pub(crate) tenant: TenantArg,
    /// The domain, such as shop.example.com.
    #[arg(value_parser = |text: &str| DomainName::new(text))]
    pub(crate) domain: DomainName,
}

fn validity(text: &str) -> Result<Age, String> {
    let age: Age = text.parse().map_err(|error: AgeError| error.to_string())?;
    if age.0 > NewInvitation::LONGEST {
        return Err("an invitation is good for 30d at most".to_owned());
    }
    Ok(age)
}
