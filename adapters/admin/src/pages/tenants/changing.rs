use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use tenantry::lifecycle::Command;
use tenantry::{Tenant, TenantName};

use super::actions::Action;
use super::creating::settings_of;
use super::showing::OnePage;
use super::{Chosen, Field};
use crate::access::Right;
use crate::pages::done::Done;
use crate::pages::failure::{Failure, sentence_of};
use crate::pages::form::Form;
use crate::pages::visit::Visit;
use crate::precondition::IfMatch;
use crate::refusal::Refusal;

/// Gives a tenant another name.
pub(in crate::pages) async fn rename(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let Chosen { visit, tenant } = chosen;
    visit.demand(Right::Manage)?;
    let mut page = OnePage::new(&visit, tenant.clone()).await?;
    page.name = Field::of(form.text("name").trim());
    let Some(name) = page.name.read(|text| TenantName::new(text)) else {
        return Ok(page.wrong());
    };
    let done = apply(&visit, &tenant, &form, Command::Rename(name)).await;
    answer(&visit, page, &tenant, Done::Renamed, done)
}

/// Replaces a tenant's settings.
pub(in crate::pages) async fn settings(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let Chosen { visit, tenant } = chosen;
    visit.demand(Right::Manage)?;
    let mut page = OnePage::new(&visit, tenant.clone()).await?;
    page.settings = Field::of(form.text("settings").trim());
    let Some(settings) = page.settings.read(settings_of) else {
        return Ok(page.wrong());
    };
    let command = Command::ChangeSettings(settings);
    let done = apply(&visit, &tenant, &form, command).await;
    answer(&visit, page, &tenant, Done::SettingsReplaced, done)
}

/// Suspends, activates, deletes, provisions or purges a tenant.
pub(in crate::pages) async fn act(
    Path((_, word)): Path<(String, String)>,
    chosen: Chosen,
    form: Form,
) -> Result<Response, Failure> {
    let Chosen { visit, tenant } = chosen;
    let action = Action::of(&word).ok_or(Refusal::PathUnknown)?;
    visit.demand(action.right())?;
    let page = OnePage::new(&visit, tenant.clone()).await?;
    if action.confirmed() && form.text("confirm").trim() != tenant.slug().as_str() {
        return Ok(page.unconfirmed());
    }
    let based_on = based_on(&form);
    let done = match action {
        Action::Suspend => apply(&visit, &tenant, &form, Command::Suspend).await,
        Action::Activate => apply(&visit, &tenant, &form, Command::Activate).await,
        Action::Delete => apply(&visit, &tenant, &form, Command::Delete).await,
        Action::Provision => match based_on.version_of(&tenant) {
            Ok(_) => visit.provision(&tenant).await,
            Err(refusal) => Err(refusal),
        },
        Action::Purge => match based_on.version_of(&tenant) {
            Ok(_) => visit.admin.purge(&visit.operator, &tenant).await,
            Err(refusal) => Err(refusal),
        },
    };
    answer(&visit, page, &tenant, action.done(), done)
}

/// A change is made on the record that the visitor saw, and on no other.
fn based_on(form: &Form) -> IfMatch {
    IfMatch::OneOf(vec![form.text("tag").into()])
}

async fn apply(
    visit: &Visit,
    tenant: &Tenant,
    form: &Form,
    command: Command,
) -> Result<(), Refusal> {
    let based_on = based_on(form);
    let changed = visit
        .admin
        .apply(&visit.operator, tenant, &based_on, command);
    changed.await.map(drop)
}

fn answer(
    visit: &Visit,
    mut page: OnePage,
    tenant: &Tenant,
    done: Done,
    outcome: Result<(), Refusal>,
) -> Result<Response, Failure> {
    match outcome {
        Ok(()) if done == Done::Purged => Ok(done.see(&format!("{}/tenants", visit.base))),
        Ok(()) => Ok(done.see(&visit.tenant_at(tenant.slug(), ""))),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal.into()),
        Err(refusal) => {
            page.problem = Some(sentence_of(&refusal));
            Ok(page.refused(refusal.status()).into_response())
        }
    }
}
