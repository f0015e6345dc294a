//! The description of the interface, made of the code.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Content, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, Type,
};
use utoipa::{OpenApi, ToSchema};

use crate::access::Right;
use crate::tenants::{ChangeBody, NewTenantBody, Status, TenantPage, TenantView};

const SCHEME: &str = "operator";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenantry: administration of tenants",
        description = "Every operation demands an operator with the right that it names."
    ),
    components(schemas(ChangeBody, NewTenantBody, ProblemView, Status, TenantPage, TenantView)),
    security(("operator" = []))
)]
struct Description;

/// Why a request wasn't done (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "the shape of tenantry-http's Problem, as the document shows it"
)]
struct ProblemView {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, for people.
    detail: String,
    /// Why, as a stable code for machines.
    reason: String,
}

/// The document, as it is sent.
#[derive(Clone)]
pub(crate) struct Document(Arc<str>);

impl Document {
    pub(crate) fn of(description: &utoipa::openapi::OpenApi) -> Result<Self, serde_json::Error> {
        Ok(Self(description.to_json()?.into()))
    }
}

/// Read this document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "read_openapi",
    responses((status = 200, description = "The OpenAPI document.", body = Object))
)]
pub(crate) async fn read(Extension(document): Extension<Document>) -> impl IntoResponse {
    let text = Bytes::copy_from_slice(document.0.as_bytes());
    ([(CONTENT_TYPE, "application/json")], text)
}

/// A document without paths.
pub(crate) fn empty() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of an operator."))
        .build();
    let components = description.components.get_or_insert_default();
    if let Some(RefOr::T(Schema::Object(change))) = components.schemas.get_mut("ChangeBody") {
        change.min_properties = Some(1);
        change.max_properties = Some(1);
    }
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
    description
}

/// An operation with what it has because of its path, its method and its right.
pub(crate) fn completed(
    mut operation: Operation,
    path: &str,
    method: &HttpMethod,
    right: Right,
) -> Operation {
    let of_tenant = path.contains("{tenant}");
    let changes = *method != HttpMethod::Get;
    let parameters = operation.parameters.get_or_insert_default();
    let mut refusals = vec!["400", "401", "403", "500", "503"];
    if of_tenant {
        parameters.push(parameter(TENANT).into());
        refusals.push("404");
    }
    if changes {
        refusals.extend(["409", "413", "422"]);
    }
    if changes && of_tenant {
        parameters.push(parameter(IF_MATCH).into());
        refusals.extend(["412", "428"]);
    }
    if *method == HttpMethod::Post {
        parameters.push(parameter(IDEMPOTENCY_KEY).into());
    }
    if operation.request_body.is_some() {
        refusals.push("415");
    }
    for status in refusals {
        let responses = &mut operation.responses.responses;
        responses.entry(status.into()).or_insert(refusal().into());
    }
    let description = operation.description.get_or_insert_default();
    let separator = if description.is_empty() { "" } else { "\n\n" };
    let _ = write!(description, "{separator}Demands the right to {right}.");
    operation.tags = None;
    operation
}

/// A parameter that many operations have.
struct Shared {
    name: &'static str,
    place: ParameterIn,
    required: Required,
    longest: usize,
    pattern: &'static str,
    description: &'static str,
}

const TENANT: Shared = Shared {
    name: "tenant",
    place: ParameterIn::Path,
    required: Required::True,
    longest: 56,
    pattern: "^[a-z0-9][a-z0-9-]*[a-z0-9]$",
    description: "The tenant's id or slug. What looks like an id is one.",
};

const IF_MATCH: Shared = Shared {
    name: "If-Match",
    place: ParameterIn::Header,
    required: Required::True,
    longest: 1_000,
    pattern: "^([*]|\"[!#-+.-~-]*\")$",
    description: "The ETag that the change is based on, or * for whatever is there.",
};

const IDEMPOTENCY_KEY: Shared = Shared {
    name: "Idempotency-Key",
    place: ParameterIn::Header,
    required: Required::False,
    longest: 200,
    pattern: "^[!-~]+$",
    description: "Has the same request, sent again, done once and answered alike.",
};

fn parameter(shared: Shared) -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(shared.longest))
        .pattern(Some(shared.pattern))
        .build();
    ParameterBuilder::new()
        .name(shared.name)
        .parameter_in(shared.place)
        .required(shared.required)
        .description(Some(shared.description))
        .schema(Some(text))
        .build()
}

fn refusal() -> Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description("Why it isn't done.")
        .content("application/problem+json", problem)
        .build()
}
