//! What paths name.

use std::fmt::{Display, Write};
use std::str::FromStr;

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;
use tenantry::audit::AuditChain;
use tenantry::jobs::JobId;
use tenantry::membership::{InvitationId, Subject};
use tenantry::resolution::DomainName;

use crate::operations::OperationId;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// The text of a path's parameter.
pub(crate) async fn parameter(parts: &mut Parts, name: &str) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let found = parameters.iter().find(|(found, _)| *found == name);
    found.map(|(_, text)| text.to_owned())
}

/// Something that a path can name.
pub(crate) trait Nameable: FromStr {
    /// The parameter's name.
    const PARAMETER: &'static str;

    /// The answer where the text can't be its name: what is told of one that isn't there.
    fn unknown() -> Refusal;
}

/// What the path names. Whether it is there is another question.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Send + Sync, T: Nameable> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = parameter(parts, T::PARAMETER).await;
        let named = text.and_then(|text| text.parse().ok());
        named.map(Self).ok_or_else(T::unknown)
    }
}

impl Nameable for Subject {
    const PARAMETER: &'static str = "subject";

    fn unknown() -> Refusal {
        PartRefusal::MemberUnknown.into()
    }
}

impl Nameable for InvitationId {
    const PARAMETER: &'static str = "invitation";

    fn unknown() -> Refusal {
        PartRefusal::InvitationUnknown.into()
    }
}

impl Nameable for DomainName {
    const PARAMETER: &'static str = "domain";

    fn unknown() -> Refusal {
        PartRefusal::DomainUnknown.into()
    }
}

impl Nameable for JobId {
    const PARAMETER: &'static str = "job";

    fn unknown() -> Refusal {
        PartRefusal::JobUnknown.into()
    }
}

impl Nameable for OperationId {
    const PARAMETER: &'static str = "operation";

    fn unknown() -> Refusal {
        PartRefusal::OperationUnknown.into()
    }
}

impl Nameable for AuditChain {
    const PARAMETER: &'static str = "chain";

    fn unknown() -> Refusal {
        Refusal::TenantUnknown
    }
}

/// Where the interface is: what a host that nests it put before `/api`.
pub(crate) struct Base(String);

impl Base {
    /// The path of something below `/api`.
    pub(crate) fn path(&self, of: impl Display) -> String {
        format!("{}/api/{of}", self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Ok(OriginalUri(original)) = OriginalUri::from_request_parts(parts, state).await;
        let prefix = original.path().strip_suffix(parts.uri.path());
        Ok(Self(prefix.unwrap_or_default().to_owned()))
    }
}

/// A segment of a path, with everything in it that means something there escaped.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
