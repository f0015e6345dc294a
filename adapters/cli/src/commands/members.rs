use std::process::ExitCode;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::membership::rules::Asker;
use tenantry::membership::{
    Invitation, InvitationId, Invitee, Member, MembershipService, NewInvitation, Role, Subject,
};
use tenantry::ports::Clock;
use tenantry::{Actor, PageSize, Tenant};
use tenantry_memory::SystemClock;

use super::recorded::{Act, recorded};
use crate::args::{MemberArgs, MembersCommand};
use crate::database::{Database, find};
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(
    database: &Database,
    command: &MembersCommand,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let named = |given: &str| find(database.service(), given);
    match command {
        MembersCommand::List(tenant) => {
            list(&database.members(), &named(&tenant.tenant)?, output)?;
        }
        MembersCommand::Add { member, role } => {
            change(database, member, Change::Add(*role), actor, output)?;
        }
        MembersCommand::Change { member, role } => {
            change(database, member, Change::Role(*role), actor, output)?;
        }
        MembersCommand::Remove(member) => {
            change(database, member, Change::Remove, actor, output)?;
        }
        MembersCommand::Invite {
            tenant,
            role,
            invitee,
            valid_for,
        } => {
            let new = NewInvitation {
                role: *role,
                invitee: invitee.clone(),
                valid_for: valid_for.0,
            };
            invite(database, &named(&tenant.tenant)?, new, actor, output)?;
        }
        MembersCommand::Invitations(tenant) => {
            invitations(&database.members(), &named(&tenant.tenant)?, output)?;
        }
        MembersCommand::Withdraw { tenant, id } => {
            withdraw(database, &named(&tenant.tenant)?, *id, actor, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(members: &MembershipService, tenant: &Tenant, output: &mut Output) -> Result<(), CliError> {
    let found = all(|after: Option<Subject>| {
        let page = members.members(tenant.id(), after, PageSize::LARGEST);
        let page = block_on(page)?;
        let last = page.last().map(|member| member.subject.clone());
        Ok((page, last))
    })?;
    let row = |member: &Member| {
        let Member {
            subject,
            role,
            since,
        } = member;
        vec![subject.to_string(), role.to_string(), since.to_string()]
    };
    let rows = found.iter().map(row).collect();
    output.table(&["who", "role", "since"], rows, &json!(found))
}

/// All pages of a listing.
fn all<T, K>(
    mut page: impl FnMut(Option<K>) -> Result<(Vec<T>, Option<K>), CliError>,
) -> Result<Vec<T>, CliError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (found, last) = page(after.take())?;
        let full = found.len() >= usize::from(PageSize::LARGEST.number());
        all.extend(found);
        after = last.filter(|_| full);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// What is done to a member.
#[derive(Clone, Copy, Debug)]
enum Change {
    Add(Role),
    Role(Role),
    Remove,
}

fn change(
    database: &Database,
    member: &MemberArgs,
    change: Change,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let tenant = find(database.service(), &member.tenant.tenant)?;
    let (subject, slug) = (&member.subject, tenant.slug());
    let (action, role, text) = match change {
        Change::Add(role) => (
            "member.add",
            Some(role),
            format!("{subject} is {role} of {slug}"),
        ),
        Change::Role(role) => {
            let text = format!("{subject} is {role} of {slug} now");
            ("member.change", Some(role), text)
        }
        Change::Remove => {
            let text = format!("{subject} is no member of {slug} any more");
            ("member.remove", None, text)
        }
    };
    let chain = AuditChain::Tenant(tenant.id());
    let detail = role.map_or_else(|| json!({}), |role| json!({ "role": role }));
    let act = Act::in_chain(actor, chain, action, subject).with(detail);
    let members = database.members();
    let (id, by) = (tenant.id(), Asker::Operator);
    recorded(database, &act, || {
        block_on(async {
            match change {
                Change::Add(role) => members.add(id, subject.clone(), role, &by).await,
                Change::Role(role) => members.set_role(id, subject.clone(), role, &by).await,
                Change::Remove => members.remove(id, subject.clone(), &by).await,
            }
        })
    })?;
    output.answer(
        &text,
        &json!({ "subject": subject, "role": role, "tenant": id }),
    )
}

fn invite(
    database: &Database,
    tenant: &Tenant,
    new: NewInvitation,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let target = name_of(new.invitee.as_ref());
    let chain = AuditChain::Tenant(tenant.id());
    let act = Act::in_chain(actor, chain, "invitation.make", &target);
    let act = act.with(json!({ "role": new.role }));
    let members = database.members();
    let issued = recorded(database, &act, || {
        block_on(members.invite(tenant.id(), new, &Asker::Operator))
    })?;
    let (invitation, token) = (&issued.invitation, issued.token.expose());
    if output.is_json() {
        let mut value = value(invitation);
        value["token"] = json!(token);
        return output.value(&value);
    }
    let Invitation {
        id,
        role,
        expires_at,
        ..
    } = invitation;
    output.line(&format!(
        "invitation {id}: {target} as {role} of {}, until {expires_at}",
        tenant.slug()
    ))?;
    output.line(&format!("token, shown this once: {token}"))
}

fn invitations(
    members: &MembershipService,
    tenant: &Tenant,
    output: &mut Output,
) -> Result<(), CliError> {
    let found = all(|after: Option<InvitationId>| {
        let page = members.invitations(tenant.id(), after, PageSize::LARGEST);
        let page = block_on(page)?;
        let last = page.last().map(|invitation| invitation.id);
        Ok((page, last))
    })?;
    let now = SystemClock.now();
    let row = |invitation: &Invitation| {
        let by = invitation.invited_by.as_ref();
        let expires = invitation.expires_at;
        let note = if invitation.has_expired(now) {
            " (expired)"
        } else {
            ""
        };
        vec![
            invitation.id.to_string(),
            name_of(invitation.invitee.as_ref()),
            invitation.role.to_string(),
            by.map_or_else(|| "an operator".to_owned(), Subject::to_string),
            format!("{expires}{note}"),
        ]
    };
    let rows = found.iter().map(row).collect();
    let values: Vec<_> = found.iter().map(value).collect();
    output.table(&["id", "for", "as", "by", "until"], rows, &json!(values))
}

fn withdraw(
    database: &Database,
    tenant: &Tenant,
    id: InvitationId,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let chain = AuditChain::Tenant(tenant.id());
    let act = Act::in_chain(actor, chain, "invitation.withdraw", &id);
    let members = database.members();
    recorded(database, &act, || {
        block_on(members.withdraw(tenant.id(), id, &Asker::Operator))
    })?;
    let text = format!(
        "nobody can accept invitation {id} to {} any more",
        tenant.slug()
    );
    output.answer(&text, &json!({ "withdrawn": id }))
}

fn name_of(invitee: Option<&Invitee>) -> String {
    invitee.map_or_else(|| "whoever has the token".to_owned(), Invitee::to_string)
}

/// An invitation without what is kept of its token.
fn value(invitation: &Invitation) -> Value {
    let Invitation {
        id,
        tenant,
        role,
        invitee,
        invited_by,
        token: _,
        made_at,
        expires_at,
    } = invitation;
    json!({
        "id": id, "tenant": tenant, "role": role, "for": invitee, "invited_by": invited_by, "made_at": made_at,
        "expires_at": expires_at,
    })
}
