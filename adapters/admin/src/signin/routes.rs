//! The pages to sign in and out by.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use tenantry::BoxError;
use tenantry::operators::{OperatorError, SignInToken, StartedSession};

#[cfg(feature = "oidc")]
use super::oidc;
use super::recording::Act;
use super::site::mount_of;
use super::template::{SignInNotice, SignInPage};
use super::throttle::client_of;
use super::{SignIn, forms, origin};
use crate::access::AuthError;
use crate::body;
use crate::refusal::Refusal;

/// Where operators sign in, below where the host put the administration.
pub(super) const SIGN_IN: &str = "/dashboard/sign-in";
const SIGN_OUT: &str = "/dashboard/sign-out";
const SCRIPT: &str = "/dashboard/sign-in/script.js";
const STYLE: &str = "/dashboard/sign-in/style.css";
/// The dashboard's values, and this page's own.
const STYLES: &str = concat!(
    include_str!("../../assets/tokens.css"),
    include_str!("sign-in.css")
);
/// Where a sign-in by an identity provider begins.
#[cfg(feature = "oidc")]
const PROVIDER: &str = "/dashboard/sign-in/oidc";
/// Where the provider leads back to.
#[cfg(feature = "oidc")]
pub(super) const CALLBACK: &str = "/dashboard/sign-in/oidc/callback";
/// Where they come then.
const HOME: &str = "/dashboard";

pub(super) fn routes(sign_in: SignIn) -> Router {
    let script = async || file("text/javascript; charset=utf-8", include_str!("sign-in.js"));
    let style = async || file("text/css; charset=utf-8", STYLES);
    let routes = Router::new()
        .route(SIGN_IN, get(show).post(enter))
        .route(SIGN_OUT, post(leave))
        .route(SCRIPT, get(script))
        .route(STYLE, get(style));
    #[cfg(feature = "oidc")]
    let routes = routes
        .route(PROVIDER, get(oidc::start))
        .route(CALLBACK, get(oidc::callback));
    routes.with_state(sign_in)
}

/// The page, which uses nothing up: whoever looks a link up beforehand spoils nothing.
async fn show(State(sign_in): State<SignIn>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let signed_out = parts.uri.query() == Some("signed-out");
    let notice = signed_out.then_some(SignInNotice::SignedOut);
    sign_in.page(&parts, StatusCode::OK, notice)
}

/// Uses a link up.
async fn enter(State(sign_in): State<SignIn>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let refused = |status, notice| Ok(sign_in.page(&parts, status, Some(notice)));
    if !origin::is_own(&sign_in.urls, &parts.headers) {
        return refused(StatusCode::FORBIDDEN, SignInNotice::Forged);
    }
    let client = client_of(&parts.extensions);
    if let Err(wait) = sign_in.throttle.attempt(client, Instant::now()) {
        return Ok(sign_in.too_many(&parts, wait));
    }
    let form = form_of(&parts, body).await?;
    let token = forms::field(&form, "token").and_then(|text| text.parse::<SignInToken>().ok());
    let Some(token) = token else {
        return refused(StatusCode::FORBIDDEN, SignInNotice::LinkRefused);
    };
    let replaced = sign_in.session_of(&parts);
    match sign_in.operators.sign_in(&token, replaced.as_ref()).await {
        Ok(started) => {
            sign_in.throttle.forgive(client);
            Ok(sign_in.welcome(&parts, &started, Act::ByLink).await)
        }
        Err(OperatorError::LinkRefused) => {
            tracing::warn!(?client, "a one-time link was refused");
            refused(StatusCode::FORBIDDEN, SignInNotice::LinkRefused)
        }
        Err(error) => {
            sign_in.throttle.forgive(client);
            tell_of(&error.into(), "nobody can sign in");
            refused(StatusCode::SERVICE_UNAVAILABLE, SignInNotice::Unavailable)
        }
    }
}

/// Ends the session, or, if the form's field `everywhere` isn't empty, all of the operator's.
async fn leave(State(sign_in): State<SignIn>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let Some(token) = sign_in.session_of(&parts) else {
        return Ok(sign_in.farewell(&parts));
    };
    let unavailable = |error: OperatorError| Refusal::AuthUnavailable {
        source: error.into(),
    };
    match sign_in.operator_of(&token).await {
        Ok(_) if !sign_in.is_wanted(&parts, &token) => return Err(Refusal::Forged),
        Ok(operator) => {
            let form = form_of(&parts, body).await?;
            let everywhere = forms::field(&form, "everywhere").is_some_and(|text| !text.is_empty());
            let actor = operator.actor();
            let act = if everywhere {
                let ended = sign_in.operators.sign_out_everywhere(actor).await;
                ended.map_err(unavailable)?;
                Act::OutEverywhere
            } else {
                let ended = sign_in.operators.sign_out(&token).await;
                ended.map_err(unavailable)?;
                Act::Out
            };
            // Who goes is let go, recorded or not.
            if let Err(error) = sign_in.record(actor, act).await {
                tell_of(&error, "a sign-out can't be recorded");
            }
        }
        Err(AuthError::Unavailable { source }) => return Err(Refusal::AuthUnavailable { source }),
        // It may be a session of somebody who is an operator again some day.
        Err(AuthError::Unauthenticated) if sign_in.is_wanted(&parts, &token) => {
            let ended = sign_in.operators.sign_out(&token).await;
            ended.map_err(unavailable)?;
        }
        Err(AuthError::Unauthenticated | AuthError::Forged) => {}
    }
    Ok(sign_in.farewell(&parts))
}

impl SignIn {
    pub(super) fn page(
        &self,
        parts: &Parts,
        status: StatusCode,
        notice: Option<SignInNotice>,
    ) -> Response {
        let mount = mount_of(parts);
        let at = |path: &str| format!("{mount}{path}");
        #[cfg(feature = "oidc")]
        let provider = self.oidc.as_ref();
        #[cfg(feature = "oidc")]
        let provider = provider.map(|provider| (at(PROVIDER), provider.name.as_str()));
        #[cfg(not(feature = "oidc"))]
        let provider: Option<(String, &str)> = None;
        let page = self.template.render(&SignInPage {
            action: &at(SIGN_IN),
            script: &at(SCRIPT),
            style: &at(STYLE),
            notice,
            provider: provider
                .as_ref()
                .map(|(start, name)| (start.as_str(), *name)),
        });
        (status, Html(page)).into_response()
    }

    pub(super) fn too_many(&self, parts: &Parts, wait: Duration) -> Response {
        let notice = Some(SignInNotice::TooMany);
        let mut response = self.page(parts, StatusCode::TOO_MANY_REQUESTS, notice);
        let wait = HeaderValue::from(wait.as_secs().saturating_add(1));
        response.headers_mut().insert(RETRY_AFTER, wait);
        response
    }

    /// Gives the session away, once it is recorded.
    pub(super) async fn welcome(
        &self,
        parts: &Parts,
        started: &StartedSession,
        act: Act,
    ) -> Response {
        let StartedSession { token, actor } = started;
        if let Err(error) = self.record(actor, act).await {
            tell_of(&error, "a sign-in can't be recorded");
            // Nobody has its cookie, so it does no harm if it stays.
            drop(self.operators.sign_out(token).await);
            let notice = Some(SignInNotice::Unavailable);
            return self.page(parts, StatusCode::SERVICE_UNAVAILABLE, notice);
        }
        let life = self.operators.limits().absolute.num_seconds();
        let cookie = self.cookie.set(&token.expose(), life);
        led(&format!("{}{HOME}", mount_of(parts)), cookie)
    }

    fn farewell(&self, parts: &Parts) -> Response {
        let target = format!("{}{SIGN_IN}?signed-out", mount_of(parts));
        led(&target, self.cookie.clear())
    }
}

fn tell_of(error: &BoxError, what: &str) {
    let error: &dyn std::error::Error = &**error;
    tracing::error!(error, "{what}");
}

pub(super) fn led(target: &str, cookie: HeaderValue) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(target) = HeaderValue::try_from(target) {
        headers.insert(LOCATION, target);
    }
    headers.insert(SET_COOKIE, cookie);
    response
}

async fn form_of(parts: &Parts, body: axum::body::Body) -> Result<Bytes, Refusal> {
    if forms::is_form(&parts.headers) {
        body::read(&parts.headers, body).await
    } else {
        Err(Refusal::Forged)
    }
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content).into_response()
}
