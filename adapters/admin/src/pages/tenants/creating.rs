use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry::ports::RepositoryError;
use tenantry::{NewTenant, ServiceError, Settings, Slug, TenantName};

use super::Field;
use crate::access::Right;
use crate::pages::done::Done;
use crate::pages::failure::{Failure, sentence_of};
use crate::pages::form::Form;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Shell};
use crate::pages::visit::Visit;
use crate::refusal::Refusal;

/// The form of a new tenant.
pub(in crate::pages) async fn blank(visit: Visit) -> Result<Page<CreatePage>, Failure> {
    visit.demand_everywhere(Right::Manage)?;
    Ok(Page::ok(CreatePage::new(visit.at(Place::Tenants))))
}

/// Records a tenant, and begins to provision it. Its page shows how that goes.
pub(in crate::pages) async fn create(visit: Visit, form: Form) -> Result<Response, Failure> {
    visit.demand_everywhere(Right::Manage)?;
    let mut page = CreatePage::new(visit.at(Place::Tenants));
    let Some(new) = page.read(&form) else {
        return Ok(Page(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    match visit.create(new).await {
        Ok(tenant) => Ok(Done::Created.see(&visit.tenant_at(tenant.slug(), ""))),
        Err(refusal) => page.refused(refusal),
    }
}

#[derive(Template)]
#[template(path = "tenants/create.html")]
pub(in crate::pages) struct CreatePage {
    shell: Shell,
    problem: Option<String>,
    slug: Field,
    name: Field,
    settings: Field,
}

impl CreatePage {
    fn new(shell: Shell) -> Self {
        Self {
            shell,
            problem: None,
            slug: Field::default(),
            name: Field::default(),
            settings: Field::default(),
        }
    }

    /// What the form says, unless something is wrong with it. All that is wrong is said at once.
    fn read(&mut self, form: &Form) -> Option<NewTenant> {
        self.slug = Field::of(form.text("slug").trim());
        self.name = Field::of(form.text("name").trim());
        self.settings = Field::of(form.text("settings").trim());
        let slug = self.slug.read(Slug::new);
        let name = self.name.read(|text| TenantName::new(text));
        let settings = self.settings.read(settings_of);
        let new = NewTenant::new(slug?, name?);
        Some(new.with_settings(settings?))
    }

    /// The form again, with what was wrong beside the field that it is about.
    fn refused(mut self, refusal: Refusal) -> Result<Response, Failure> {
        let about_slug = matches!(
            refusal,
            Refusal::Service(
                ServiceError::Slug(_)
                    | ServiceError::Repository(RepositoryError::AlreadyExists { .. })
            )
        );
        let status = refusal.status();
        if about_slug {
            self.slug.wrong = Some(sentence_of(&refusal));
        } else if status.is_server_error() {
            return Err(refusal.into());
        } else {
            self.problem = Some(sentence_of(&refusal));
        }
        Ok(Page(status, self).into_response())
    }
}

/// Settings as a person writes them: nothing is none.
pub(super) fn settings_of(text: &str) -> Result<Settings, String> {
    if text.is_empty() {
        return Ok(Settings::default());
    }
    let value = serde_json::from_str(text).map_err(|error| format!("this isn't JSON: {error}"))?;
    Settings::new(value).map_err(|error| error.to_string())
}
