//! The two requests of a sign-in by a provider.

use std::error::Error;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tenantry::Excerpt;
use tenantry::operators::{SessionToken, StartedSession};

use super::error::OidcError;
use super::provider::{Attempt, OidcProvider};
use crate::signin::cookie::Cookie;
use crate::signin::recording::Act;
use crate::signin::routes::{CALLBACK, led};
use crate::signin::template::SignInNotice;
use crate::signin::throttle::client_of;
use crate::signin::{SignIn, forms, origin};

/// How long a sign-in may take, in seconds.
const LIFE: i64 = 600;

/// Leads to the provider.
pub(in crate::signin) async fn start(State(sign_in): State<SignIn>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(provider) = sign_in.oidc.as_deref() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match begin(&sign_in, provider).await {
        Ok((target, cookie)) => led(&target, cookie),
        Err(error) => sign_in.refuse(&parts, &error),
    }
}

async fn begin(
    sign_in: &SignIn,
    provider: &OidcProvider,
) -> Result<(String, HeaderValue), OidcError> {
    let secret = sign_in.operators.secret();
    let secret = secret.map_err(|source| OidcError::Unreachable {
        what: "sign-in",
        source: source.into(),
    })?;
    let text = SessionToken::of_secret(&secret).expose();
    let attempt = Attempt::new(text.clone());
    let target = provider.begin(&attempt, &sign_in.callback()).await?;
    Ok((target, sign_in.attempt_cookie().set(&text, LIFE)))
}

/// Takes the provider's answer.
pub(in crate::signin) async fn callback(
    State(sign_in): State<SignIn>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Some(provider) = sign_in.oidc.as_deref() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // What another site's page merely loads is no answer, and no failure of who visits it.
    if !origin::may_read(&parts.method, &parts.headers) {
        return sign_in.page(&parts, StatusCode::FORBIDDEN, Some(SignInNotice::Forged));
    }
    let client = client_of(&parts.extensions);
    if let Err(wait) = sign_in.throttle.attempt(client, Instant::now()) {
        return sign_in.too_many(&parts, wait);
    }
    match complete(&sign_in, provider, &parts).await {
        Ok(started) => {
            sign_in.throttle.forgive(client);
            let mut response = sign_in.welcome(&parts, &started, Act::ByProvider).await;
            let cookie = sign_in.attempt_cookie().clear();
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Err(error) => {
            if error.is_ours() {
                sign_in.throttle.forgive(client);
            }
            sign_in.refuse(&parts, &error)
        }
    }
}

async fn complete(
    sign_in: &SignIn,
    provider: &OidcProvider,
    parts: &Parts,
) -> Result<StartedSession, OidcError> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let parameter = |name: &str| forms::field(query, name);
    let secret = sign_in.attempt_cookie().read(&parts.headers);
    // As a session's token is written; it is none.
    let secret = secret.filter(|text| text.parse::<SessionToken>().is_ok());
    let attempt = Attempt::new(secret.ok_or(OidcError::NotBegun)?.to_owned());
    let state = parameter("state").unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(attempt.state().as_bytes())) {
        return Err(OidcError::NotBegun);
    }
    if let Some(code) = parameter("error") {
        return Err(OidcError::Refused {
            code: Excerpt::of(&code),
        });
    }
    let code = parameter("code").ok_or(OidcError::NotItsAnswer)?;
    let names_issuer = query_names(query, "iss");
    let issuer = parameter("iss");
    if names_issuer && issuer.is_none() {
        return Err(OidcError::NotItsAnswer);
    }
    let redirect = sign_in.callback();
    let completed = provider.complete(&attempt, &code, &redirect, issuer.as_deref());
    let (operator, identity) = completed.await?;
    let replaced = sign_in.session_of(parts);
    let started = sign_in.operators.sign_in_identified(
        operator.actor().clone(),
        identity.kept()?,
        replaced.as_ref(),
    );
    started.await.map_err(|source| OidcError::Unreachable {
        what: "session",
        source: source.into(),
    })
}

impl SignIn {
    /// Where the provider leads back to: always the first address, which is the one that it knows.
    fn callback(&self) -> String {
        let base = self.urls.first().map(ToString::to_string);
        format!("{}{CALLBACK}", base.unwrap_or_default())
    }

    fn attempt_cookie(&self) -> Cookie {
        Cookie::of_all("attempt", &self.urls)
    }

    /// Says no more than whether it may work later. Why is in the log. The attempt is over.
    fn refuse(&self, parts: &Parts, error: &OidcError) -> Response {
        let ours = error.is_ours();
        let error: &dyn Error = error;
        let (status, notice) = if ours {
            tracing::error!(error, "nobody can sign in by the identity provider");
            (StatusCode::SERVICE_UNAVAILABLE, SignInNotice::Unavailable)
        } else {
            tracing::warn!(error, "a sign-in by the identity provider was refused");
            (StatusCode::FORBIDDEN, SignInNotice::IdentityRefused)
        };
        let mut response = self.page(parts, status, Some(notice));
        let cookie = self.attempt_cookie().clear();
        response.headers_mut().append(SET_COOKIE, cookie);
        response
    }
}

fn query_names(query: &[u8], name: &str) -> bool {
    form_urlencoded::parse(query).any(|(found, _)| found == name)
}
