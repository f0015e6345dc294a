//! Forms that were sent by a page of ours.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};

use super::failure::Failure;
use crate::body;
use crate::refusal::Refusal;
use crate::state::Admin;

/// The fields of a form.
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// The first field of that name: empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(found, _)| found == name);
        field.map_or("", |(_, value)| value.as_str())
    }
}

impl FromRequest<Admin> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Admin) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        if !is_own(&parts.headers) || !is_form(parts.headers.get(CONTENT_TYPE)) {
            return Err(Refusal::Forged.into());
        }
        let bytes = body::read(&parts.headers, body).await?;
        let fields = form_urlencoded::parse(&bytes).into_owned().collect();
        Ok(Self { fields })
    }
}

/// Whether the request is from a page of ours, as far as the browser says. What proves it is asked for by whoever knows the
/// operator.
fn is_own(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_none_or(|site| site == b"same-origin" || site == b"none")
}

fn is_form(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
