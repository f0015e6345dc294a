use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tenantry::Excerpt;
use tenantry::audit::AuditLog;
use tenantry::operators::{OperatorService, SessionToken};

#[cfg(feature = "oidc")]
use super::OidcProvider;
use super::cookie::Cookie;
use super::forms::with_form_token;
use super::headers::with_safe_headers;
use super::template::{BuiltIn, SignInTemplate};
use super::throttle::Throttle;
use super::{PublicUrl, PublicUrlError, auth, routes};
use crate::access::OperatorAuth;

/// Lets operators in with a browser: by one-time links, and by sessions that last a while.
///
/// Nobody is in by default: an account has to be made, and a link for it, by whoever can reach the store
/// (`tenantry operator link`, or [`OperatorService::link`]).
///
/// A session is a cookie that no script can read, of which the store keeps a digest. What its operator may do is read at every
/// request. A request by a cookie that may change something needs the session's CSRF token as well, in the header
/// `x-csrf-token` or a form's field `csrf`, and has to come from a page of the [`PublicUrl`].
///
/// ```
/// # use std::sync::Arc;
/// # use tenantry_memory::{MemoryOperatorStore, SystemClock, SystemSecrets};
/// use tenantry::operators::OperatorService;
/// use tenantry_admin::{PublicUrl, SignIn};
///
/// let store = Arc::new(MemoryOperatorStore::new());
/// let operators = OperatorService::new(store, Arc::new(SystemClock), Arc::new(SystemSecrets));
/// let sign_in = SignIn::new(operators, PublicUrl::new("https://ops.example.com")?);
/// # let _ = sign_in;
/// # Ok::<(), tenantry_admin::PublicUrlError>(())
/// ```
#[derive(Clone)]
pub struct SignIn {
    pub(super) operators: OperatorService,
    /// One at least.
    pub(super) urls: Vec<PublicUrl>,
    pub(super) cookie: Cookie,
    pub(super) throttle: Arc<Throttle>,
    pub(super) template: Arc<dyn SignInTemplate>,
    pub(super) audit: Option<AuditLog>,
    #[cfg(feature = "oidc")]
    pub(super) oidc: Option<Arc<OidcProvider>>,
}

impl SignIn {
    /// A sign-in for the administration at this address.
    pub fn new(operators: OperatorService, url: PublicUrl) -> Self {
        Self {
            operators,
            cookie: Cookie::new("session", &url),
            urls: vec![url],
            throttle: Arc::default(),
            template: Arc::new(BuiltIn),
            audit: None,
            #[cfg(feature = "oidc")]
            oidc: None,
        }
    }

    /// The same at one more address, by the same scheme: `http://localhost:8080` beside `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`PublicUrlError::SchemesDiffer`].
    pub fn also_at(mut self, url: PublicUrl) -> Result<Self, PublicUrlError> {
        if url.is_secure() != self.is_secure() {
            return Err(PublicUrlError::SchemesDiffer {
                text: Excerpt::of(&url.to_string()),
            });
        }
        self.urls.push(url);
        Ok(self)
    }

    /// Shows a page of the host's own.
    #[must_use]
    pub fn template(self, template: Arc<dyn SignInTemplate>) -> Self {
        Self { template, ..self }
    }

    /// Also lets in whom this identity provider vouches for, if its mapping makes an operator of them.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn oidc(self, provider: OidcProvider) -> Self {
        Self {
            oidc: Some(Arc::new(provider)),
            ..self
        }
    }

    /// Records in this log who signs in and out: nobody gets in unrecorded. [`AdminApi`](crate::AdminApi) gives its own.
    #[must_use]
    pub fn audit(self, log: AuditLog) -> Self {
        Self {
            audit: Some(log),
            ..self
        }
    }

    /// The operators, to make accounts and links by.
    pub fn operators(&self) -> &OperatorService {
        &self.operators
    }

    /// Knows operators by their sessions.
    pub fn auth(&self) -> Arc<dyn OperatorAuth> {
        Arc::new(auth::Sessions::new(self.clone(), None))
    }

    /// Knows operators by their sessions, and those requests that have an `Authorization` header by `other` alone.
    pub fn auth_or(&self, other: Arc<dyn OperatorAuth>) -> Arc<dyn OperatorAuth> {
        Arc::new(auth::Sessions::new(self.clone(), Some(other)))
    }

    /// The pages to sign in and out by.
    pub fn routes(&self) -> Router {
        self.shield(routes::routes(self.clone()))
    }

    /// Puts safe headers on every answer of these pages, and reads the CSRF token of forms that are sent to them.
    pub fn shield<S: Clone + Send + Sync + 'static>(&self, pages: Router<S>) -> Router<S> {
        pages
            .layer(from_fn(with_form_token))
            .layer(from_fn_with_state(self.is_secure(), with_safe_headers))
    }

    /// What the forms of a page have to send in the field `csrf`, if the request has a session's cookie.
    pub fn csrf(&self, request: &Parts) -> Option<String> {
        let session = self.session_of(request)?;
        Some(session.csrf().to_string())
    }

    /// Leads whoever asks for a page without being signed in to where they can. A script is told so, too, since what it would
    /// put in a page isn't this one.
    pub fn lead_in(request: &Parts) -> Response {
        let target = format!("{}{}", mount_of(request), routes::SIGN_IN);
        if request.headers.contains_key("hx-request") {
            (StatusCode::UNAUTHORIZED, [("hx-redirect", target)]).into_response()
        } else {
            (StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response()
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.urls.iter().all(PublicUrl::is_secure)
    }

    pub(super) fn session_of(&self, request: &Parts) -> Option<SessionToken> {
        self.cookie.read(&request.headers)?.parse().ok()
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

/// Where the host put the administration: `/ops`, or nothing.
pub(super) fn mount_of(request: &Parts) -> String {
    let ours = request.uri.path();
    let whole = request
        .extensions
        .get::<OriginalUri>()
        .map_or(ours, |OriginalUri(uri)| uri.path());
    whole.strip_suffix(ours).unwrap_or_default().to_owned()
}
