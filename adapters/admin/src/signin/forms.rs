//! The CSRF token of a form, which is in the request's body: brought to where a header's is.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;
use tenantry::operators::SessionToken;

use crate::body;
use crate::refusal::Refusal;

/// The header that a script sends it in.
pub(super) const HEADER: &str = "x-csrf-token";
/// The field that a form sends it in.
pub(super) const FIELD: &str = "csrf";

/// What the field of a request's form held.
#[derive(Clone)]
struct FormToken(String);

/// Reads the form of a request, if it brings one, and puts what its field holds beside the request, which goes on with the
/// form as it was.
pub(super) async fn with_form_token(request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    if parts.method.is_safe() || !is_form(&parts.headers) {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let bytes = body::read(&parts.headers, body).await?;
    if let Some(token) = field(&bytes, FIELD) {
        parts.extensions.insert(FormToken(token));
    }
    Ok(next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await)
}

/// Whether a request brings the token of this session, in the header or the form.
pub(super) fn proves(parts: &Parts, session: &SessionToken) -> bool {
    let mut headers = parts.headers.get_all(HEADER).iter();
    let brought = match (headers.next(), headers.next()) {
        (Some(value), None) => value.as_bytes(),
        (None, _) => match parts.extensions.get::<FormToken>() {
            Some(FormToken(text)) => text.as_bytes(),
            None => return false,
        },
        (Some(_), Some(_)) => return false,
    };
    let expected = session.csrf().to_string();
    expected.as_bytes().ct_eq(brought).into()
}

/// The one field of that name: of two, nobody could say which counts.
pub(super) fn field(form: &[u8], name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(form).filter(|(found, _)| found == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value.into_owned()),
        _ => None,
    }
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
