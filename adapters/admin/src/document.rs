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
// What the crates of utoipa's own that mount routes take their schemas from.
use utoipa::__dev::SchemaReferences;
use utoipa::{OpenApi, ToSchema};

use crate::terms::Terms;

const SCHEME: &str = "operator";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenantry: administration of tenants",
        description = "Every operation demands an operator with the right that it names."
    ),
    components(schemas(ProblemView)),
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
pub(crate) struct ProblemView {
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
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
    description
}

/// Adds the schemas that an operation names.
pub(crate) fn describe<P: SchemaReferences>(description: &mut utoipa::openapi::OpenApi) {
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    let components = description.components.get_or_insert_default();
    for (name, mut schema) in schemas {
        // What no attribute can say: that it is one change at a time.
        if let ("ChangeBody", RefOr::T(Schema::Object(change))) = (name.as_str(), &mut schema) {
            change.min_properties = Some(1);
            change.max_properties = Some(1);
        }
        components.schemas.insert(name, schema);
    }
}

/// An operation with what it has because of its path, its method and its terms.
pub(crate) fn completed(
    mut operation: Operation,
    path: &str,
    method: &HttpMethod,
    terms: Terms,
) -> Operation {
    let changes = *method != HttpMethod::Get;
    let parameters = operation.parameters.get_or_insert_default();
    let mut refusals = vec!["400", "401", "403", "500", "503"];
    let named = IN_PATHS
        .iter()
        .filter(|it| path.contains(&format!("{{{}}}", it.name)));
    parameters.extend(named.map(|it| parameter(it).into()));
    if path.contains('{') {
        refusals.push("404");
    }
    if changes {
        refusals.extend(["409", "413", "422"]);
    }
    if terms.based_on_etag {
        parameters.push(parameter(&IF_MATCH).into());
        refusals.extend(["412", "428"]);
    }
    if terms.may_be_async {
        parameters.push(prefer().into());
    }
    if *method == HttpMethod::Post {
        parameters.push(parameter(&IDEMPOTENCY_KEY).into());
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
    let everywhere = if terms.everywhere {
        ", for every tenant"
    } else {
        ""
    };
    let right = terms.right;
    let _ = write!(
        description,
        "{separator}Demands the right to {right}{everywhere}."
    );
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

/// What paths name.
const IN_PATHS: [Shared; 7] = [
    in_path(
        "tenant",
        56,
        "^[a-z0-9][a-z0-9-]*[a-z0-9]$",
        "The tenant's id or slug. What looks like an id is one.",
    ),
    in_path(
        "subject",
        200,
        "^[!-.0-~]+$",
        "The member, as the host's sign-in names them.",
    ),
    in_path("invitation", 36, UUID_7, "The invitation's id."),
    in_path(
        "domain",
        243,
        "^([a-z]{1,20}\\.){1,5}[a-z]{2,10}$",
        "The domain's whole name.",
    ),
    in_path("job", 36, UUID_7, "The job's id."),
    in_path("operation", 32, "^[0-9a-f]{32}$", "The operation's id."),
    in_path(
        "chain",
        36,
        "^(shared|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$",
        "Whose log: a tenant's id, also after it is purged, or `shared` for what is no tenant's.",
    ),
];

const UUID_7: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

const fn in_path(
    name: &'static str,
    longest: usize,
    pattern: &'static str,
    description: &'static str,
) -> Shared {
    Shared {
        name,
        place: ParameterIn::Path,
        required: Required::True,
        longest,
        pattern,
        description,
    }
}

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

fn parameter(shared: &Shared) -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(shared.longest))
        .pattern(Some(shared.pattern))
        .build();
    ParameterBuilder::new()
        .name(shared.name)
        .parameter_in(shared.place.clone())
        .required(shared.required.clone())
        .description(Some(shared.description))
        .schema(Some(text))
        .build()
}

fn prefer() -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name("Prefer")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "`respond-async` has the work go on as an operation: nobody waits for it.",
        ))
        .schema(Some(text))
        .example(Some("respond-async".into()))
        .build()
}

fn refusal() -> Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description("Why it isn't done.")
        .content("application/problem+json", problem)
        .build()
}
