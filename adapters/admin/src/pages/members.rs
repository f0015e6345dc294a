//! Who may act in a tenant.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tenantry::membership::rules::Asker;
use tenantry::membership::{
    Invitation, InvitationId, Invitee, Member, MembershipService, NewInvitation, Role, Subject,
};
use tenantry::{PageSize, Tenant};

use super::done::Done;
use super::failure::{Failure, sentence_of};
use super::form::Form;
use super::html::Page;
use super::shell::{Place, Section, Shell};
use super::tenants::Chosen;
use crate::access::Right;
use crate::audit::Act;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

const ROWS: u16 = 50;

/// Where a page of members begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: String,
}

/// The members and the invitations.
pub(super) async fn list(chosen: Chosen, from: Query<From>) -> Result<Page<MembersPage>, Failure> {
    let after = Subject::new(from.0.after).ok();
    Ok(Page::ok(MembersPage::read(chosen, after).await?))
}

/// Makes somebody a member.
pub(super) async fn add(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let members = chosen.members(Right::Manage)?;
    let done: Result<(), Refusal> = async {
        let subject = subject_of(&form)?;
        let role = role_of(&form)?;
        let act = Act::in_tenant(chosen.tenant.id(), "member.add", &subject)
            .with(json!({ "role": role }));
        let added = members.add(chosen.tenant.id(), subject, role, &Asker::Operator);
        chosen.recorded(act, async { Ok(added.await?) }).await
    }
    .await;
    answer(chosen, Done::MemberAdded, done).await
}

/// Gives a member another role, or removes them.
pub(super) async fn change(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let members = chosen.members(Right::Manage)?;
    let (tenant, by) = (chosen.tenant.id(), Asker::Operator);
    if form.text("do") == "remove" {
        let done: Result<(), Refusal> = async {
            let (subject, was) = (subject_of(&form)?, was(&form)?);
            let act = Act::in_tenant(tenant, "member.remove", &subject);
            let removed = members.remove_if(tenant, subject, was, &by);
            chosen.recorded(act, async { Ok(removed.await?) }).await
        }
        .await;
        return answer(chosen, Done::MemberRemoved, done).await;
    }
    let done = async {
        let (subject, was, role) = (subject_of(&form)?, was(&form)?, role_of(&form)?);
        let act = Act::in_tenant(tenant, "member.change", &subject).with(json!({ "role": role }));
        let changed = members.set_role_if(tenant, subject, was, role, &by);
        chosen.recorded(act, async { Ok(changed.await?) }).await
    }
    .await;
    answer(chosen, Done::MemberChanged, done).await
}

/// Makes an invitation. Its token is on the page that answers, and nowhere else.
pub(super) async fn invite(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let members = chosen.members(Right::Manage)?;
    let invited: Result<_, Refusal> = async {
        let new = NewInvitation {
            invitee: invitee_of(&form)?,
            ..NewInvitation::to_anybody(role_of(&form)?)
        };
        let target = new.invitee.as_ref().map(ToString::to_string);
        let target = target.unwrap_or_else(|| "whoever has the token".into());
        let act = Act::in_tenant(chosen.tenant.id(), "invitation.make", target)
            .with(json!({ "role": new.role, "valid_for_seconds": new.valid_for.as_secs() }));
        let issued = members.invite(chosen.tenant.id(), new, &Asker::Operator);
        chosen.recorded(act, async { Ok(issued.await?) }).await
    }
    .await;
    match invited {
        Ok(issued) => {
            let mut page = MembersPage::read(chosen, None).await?;
            page.token = Some(issued.token.expose());
            Ok(Page(StatusCode::CREATED, page).into_response())
        }
        Err(refusal) => refused(chosen, refusal).await,
    }
}

/// Withdraws an invitation.
pub(super) async fn withdraw(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let members = chosen.members(Right::Manage)?;
    let done: Result<(), Refusal> = async {
        let id: InvitationId = form
            .text("invitation")
            .parse()
            .map_err(|_| PartRefusal::InvitationUnknown)?;
        let act = Act::in_tenant(chosen.tenant.id(), "invitation.withdraw", id);
        let withdrawn = members.withdraw(chosen.tenant.id(), id, &Asker::Operator);
        chosen.recorded(act, async { Ok(withdrawn.await?) }).await
    }
    .await;
    answer(chosen, Done::InvitationWithdrawn, done).await
}

impl Chosen {
    fn members(&self, right: Right) -> Result<MembershipService, Failure> {
        self.visit.demand(right)?;
        let members = self.visit.admin.members.clone();
        members.ok_or_else(|| Refusal::PathUnknown.into())
    }
}

fn subject_of(form: &Form) -> Result<Subject, PartRefusal> {
    Ok(Subject::new(form.text("subject").trim())?)
}

fn role_of(form: &Form) -> Result<Role, PartRefusal> {
    Ok(form.text("role").parse()?)
}

/// What the member was on the page that the form is of.
fn was(form: &Form) -> Result<Role, PartRefusal> {
    Ok(form.text("was").parse()?)
}

fn invitee_of(form: &Form) -> Result<Option<Invitee>, PartRefusal> {
    match form.text("email").trim() {
        "" => Ok(None),
        address => Ok(Some(format!("email:{address}").parse::<Invitee>()?)),
    }
}

async fn answer(
    chosen: Chosen,
    done: Done,
    outcome: Result<(), Refusal>,
) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(done.see(&chosen.at("/members"))),
        Err(refusal) => refused(chosen, refusal).await,
    }
}

async fn refused(chosen: Chosen, refusal: Refusal) -> Result<Response, Failure> {
    let status = refusal.status();
    if status.is_server_error() {
        return Err(refusal.into());
    }
    let mut page = MembersPage::read(chosen, None).await?;
    page.problem = Some(sentence_of(&refusal));
    Ok(Page(status, page).into_response())
}

#[derive(Template)]
#[template(path = "tenant/members.html")]
pub(super) struct MembersPage {
    shell: Shell,
    tenant: Tenant,
    problem: Option<String>,
    token: Option<String>,
    may_change: bool,
    roles: [Role; 4],
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    first: Option<String>,
    next: Option<String>,
}

impl MembersPage {
    async fn read(chosen: Chosen, after: Option<Subject>) -> Result<Self, Failure> {
        let service = chosen.members(Right::Read)?;
        let (id, size) = (chosen.tenant.id(), PageSize::new(ROWS).unwrap_or_default());
        let found = service.members(id, after.clone(), size).await;
        let members = found.map_err(PartRefusal::Members)?;
        let invitations = service.invitations(id, None, PageSize::LARGEST).await;
        let invitations = invitations.map_err(PartRefusal::Members)?;
        let last = members
            .last()
            .filter(|_| members.len() == usize::from(ROWS));
        let next = last.map(|last| {
            let address = chosen.at("/members?");
            let begins = address.len();
            let mut query = form_urlencoded::Serializer::for_suffix(address, begins);
            query.append_pair("after", last.subject.as_str()).finish()
        });
        let place = Place::Tenant(Section::Members);
        Ok(Self {
            shell: chosen.visit.in_tenant(&chosen.tenant, place),
            problem: None,
            token: None,
            may_change: chosen.visit.operator.may(Right::Manage),
            roles: Role::ALL,
            members,
            invitations,
            first: after.map(|_| chosen.at("/members")),
            next,
            tenant: chosen.tenant,
        })
    }
}
