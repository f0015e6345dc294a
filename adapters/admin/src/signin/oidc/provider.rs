use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use form_urlencoded::{Serializer, byte_serialize};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tenantry::operators::Identity;
use tenantry::{BoxError, Digest, Excerpt};
use tenantry_http::{TokenError, TokenVerifier, VerifiedToken};
use tokio::sync::Mutex;

use super::endpoints::{Endpoints, checked};
use super::error::OidcError;
use super::http::{OidcClient, OidcHttp, OidcReply};
use super::identity::{OidcIdentity, OperatorMapping};
use crate::access::Operator;

/// An identity provider that operators sign in by: `OpenID` Connect.
///
/// What it needs to know is found out from the issuer's address at the first sign-in. The provider has to know the address to
/// come back to: the administration's own, and `/dashboard/sign-in/oidc/callback`.
///
/// ```no_run
/// # use std::sync::Arc;
/// use tenantry_admin::{IdentityRules, OidcProvider, Right};
///
/// # fn set_up(secret: String) -> Result<(), Box<dyn std::error::Error>> {
/// let rules = IdentityRules::nobody().group("platform", Right::ALL);
/// let provider = OidcProvider::new("https://id.example.com", "tenantry", Arc::new(rules))?
///     .secret(secret) // from a file or the environment
///     .scopes(["email", "groups"])
///     .called("Example ID");
/// # let _ = provider;
/// # Ok(())
/// # }
/// ```
pub struct OidcProvider {
    issuer: String,
    client: String,
    secret: Option<String>,
    scopes: Vec<String>,
    pub(in crate::signin) name: String,
    mapping: Arc<dyn OperatorMapping>,
    http: Arc<dyn OidcHttp>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    endpoints: Option<Arc<Endpoints>>,
    failed_at: Option<Instant>,
}

/// What one sign-in is told from others by. All of it follows from the secret in the browser's cookie.
pub(super) struct Attempt {
    secret: String,
}

impl Attempt {
    pub(super) fn new(secret: String) -> Self {
        Self { secret }
    }

    pub(super) fn state(&self) -> String {
        self.derived(b"tenantry oidc state\n")
    }

    fn nonce(&self) -> String {
        self.derived(b"tenantry oidc nonce\n")
    }

    /// Of the characters, and as long, as RFC 7636 wants it.
    fn verifier(&self) -> String {
        self.derived(b"tenantry oidc verifier\n")
    }

    fn derived(&self, context: &[u8]) -> String {
        Digest::of(&[context, self.secret.as_bytes()]).to_string()
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl OidcProvider {
    const AGAIN_AFTER: Duration = Duration::from_secs(10);

    /// The provider at this address, which knows the administration as `client`.
    ///
    /// # Errors
    /// [`OidcError::Address`], unless it is by https or on this machine; [`OidcError::Unreachable`] if the system's
    /// authorities can't be read.
    pub fn new(
        issuer: &str,
        client: &str,
        mapping: Arc<dyn OperatorMapping>,
    ) -> Result<Self, OidcError> {
        checked(issuer)?;
        let http = OidcClient::new().map_err(|source| OidcError::Unreachable {
            what: "certificate's authorities",
            source,
        })?;
        Ok(Self {
            issuer: issuer.to_owned(),
            client: client.to_owned(),
            secret: None,
            scopes: vec!["email".into()],
            name: "your identity provider".into(),
            mapping,
            http: Arc::new(http),
            known: Mutex::default(),
        })
    }

    /// The secret that the administration proves itself to the provider by. It is in no log and no `Debug`.
    #[must_use]
    pub fn secret(self, secret: impl Into<String>) -> Self {
        Self {
            secret: Some(secret.into()),
            ..self
        }
    }

    /// What is asked for besides `openid`: `email`, unless said otherwise.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self {
            scopes: scopes.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// What the sign-in page calls it.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// Asks it in another way.
    #[must_use]
    pub fn http(self, http: Arc<dyn OidcHttp>) -> Self {
        Self { http, ..self }
    }

    /// Where the browser goes, to come back to `redirect`.
    pub(super) async fn begin(
        &self,
        attempt: &Attempt,
        redirect: &str,
    ) -> Result<String, OidcError> {
        let endpoints = self.endpoints().await?;
        let challenge = Digest::of(&[attempt.verifier().as_bytes()]);
        let mut scope = String::from("openid");
        for one in &self.scopes {
            scope.push(' ');
            scope.push_str(one);
        }
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &scope)
            .append_pair("state", &attempt.state())
            .append_pair("nonce", &attempt.nonce())
            .append_pair(
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(challenge.as_bytes()),
            )
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joint = if endpoints.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        Ok(format!("{}{joint}{query}", endpoints.authorization))
    }

    /// Whom an answer's code stands for.
    pub(super) async fn complete(
        &self,
        attempt: &Attempt,
        code: &str,
        redirect: &str,
        answered_by: Option<&str>,
    ) -> Result<(Operator, OidcIdentity), OidcError> {
        let endpoints = self.endpoints().await?;
        match answered_by {
            Some(issuer) if issuer == self.issuer => {}
            None if !endpoints.answers_name_issuer => {}
            Some(_) | None => return Err(OidcError::NotItsAnswer),
        }
        let token = self.exchange(&endpoints, attempt, code, redirect).await?;
        let verified = verified(&endpoints, &token).await?;
        self.check(attempt, &verified)?;
        let identity = OidcIdentity::of(&self.issuer, &verified.claims)?;
        let operator = self.mapping.operator(&identity);
        Ok((operator.ok_or(OidcError::NoOperator)?, identity))
    }

    /// Who it is now whom the provider vouched for when they signed in.
    pub(in crate::signin) fn operator_of(&self, identity: &Identity) -> Option<Operator> {
        let identity = OidcIdentity::of_kept(identity)?;
        // Another provider may give the same subject to somebody else.
        if identity.issuer == self.issuer {
            self.mapping.operator(&identity)
        } else {
            None
        }
    }

    async fn exchange(
        &self,
        endpoints: &Endpoints,
        attempt: &Attempt,
        code: &str,
        redirect: &str,
    ) -> Result<String, OidcError> {
        let (authorization, form) = self.request_of(endpoints, attempt, code, redirect)?;
        let reply = self.http.post(&endpoints.token, authorization, form);
        let unreachable = |source: BoxError| OidcError::Unreachable {
            what: "token",
            source,
        };
        let OidcReply { status, body } = reply.await.map_err(unreachable)?;
        match status {
            200 => {
                let tokens: Tokens =
                    serde_json::from_slice(&body).map_err(|_| OidcError::NotItsAnswer)?;
                Ok(tokens.id_token)
            }
            400..=499 => Err(OidcError::CodeRefused),
            _ => Err(unreachable(
                format!("it answers with status {status}").into(),
            )),
        }
    }

    /// What asks for the token that a code stands for.
    fn request_of(
        &self,
        endpoints: &Endpoints,
        attempt: &Attempt,
        code: &str,
        redirect: &str,
    ) -> Result<(Option<HeaderValue>, String), OidcError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", &attempt.verifier());
        let authorization = match &self.secret {
            Some(secret) if !endpoints.secret_in_form => Some(basic(&self.client, secret)?),
            Some(secret) => {
                form.append_pair("client_id", &self.client)
                    .append_pair("client_secret", secret);
                None
            }
            None => {
                form.append_pair("client_id", &self.client);
                None
            }
        };
        Ok((authorization, form.finish()))
    }

    fn check(&self, attempt: &Attempt, token: &VerifiedToken) -> Result<(), OidcError> {
        let text = |name: &str| token.claims.get(name).and_then(serde_json::Value::as_str);
        let nonce = text("nonce").unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(attempt.nonce().as_bytes())) {
            return Err(OidcError::Nonce);
        }
        // A token for several says for whom it was made; for one, it may.
        let several = token
            .claims
            .get("aud")
            .is_some_and(|aud| aud.as_array().is_some_and(|audiences| audiences.len() > 1));
        match token.claims.get("azp") {
            Some(party) if party.as_str() == Some(&self.client) => Ok(()),
            None if !several => Ok(()),
            Some(_) | None => Err(OidcError::Claims),
        }
    }

    /// What the provider says of itself: asked once, and after a failure no more than once in ten seconds.
    async fn endpoints(&self) -> Result<Arc<Endpoints>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(endpoints) = &known.endpoints {
            return Ok(Arc::clone(endpoints));
        }
        let lately = |at: Instant| at.elapsed() < Self::AGAIN_AFTER;
        if known.failed_at.is_some_and(lately) {
            return Err(OidcError::Unreachable {
                what: "description",
                source: "it failed a moment ago".into(),
            });
        }
        let found = Endpoints::discover(&self.http, &self.issuer, &self.client).await;
        known.failed_at = found.is_err().then(Instant::now);
        let endpoints = Arc::new(found?);
        known.endpoints = Some(Arc::clone(&endpoints));
        Ok(endpoints)
    }
}

impl fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider")
            .field("issuer", &self.issuer)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

async fn verified(endpoints: &Endpoints, token: &str) -> Result<VerifiedToken, OidcError> {
    let verifier = &endpoints.verifier;
    match verifier.verify(token) {
        Err(TokenError::KeyUnknown) => {
            verifier.refresh().await.map_err(OidcError::Token)?;
            verifier.verify(token).map_err(OidcError::Token)
        }
        outcome => outcome.map_err(OidcError::Token),
    }
}

/// As RFC 6749 has it: each part is written as in a form first.
fn basic(client: &str, secret: &str) -> Result<HeaderValue, OidcError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(client), encoded(secret)));
    let header = HeaderValue::try_from(format!("Basic {pair}"));
    let mut header = header.map_err(|_| OidcError::Address {
        url: Excerpt::of(client),
    })?;
    header.set_sensitive(true);
    Ok(header)
}
