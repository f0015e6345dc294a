//! Where a provider is asked for what, as it says itself.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use tenantry::{BoxError, Excerpt};
use tenantry_http::{JwtVerifier, KeySource};

use super::error::OidcError;
use super::http::OidcHttp;
use crate::signin::PublicUrl;

/// What a provider publishes of itself (`OpenID` Connect Discovery 1.0), of which this much is needed.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A provider that can be asked.
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
    /// Whether every answer says whose it is (RFC 9207).
    pub(super) answers_name_issuer: bool,
    /// Whether the secret goes into the form, and not into a header.
    pub(super) secret_in_form: bool,
    pub(super) verifier: JwtVerifier,
}

impl Endpoints {
    pub(super) async fn discover(
        http: &Arc<dyn OidcHttp>,
        issuer: &str,
        client: &str,
    ) -> Result<Self, OidcError> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let json = fetch(&**http, &url).await;
        let json = json.and_then(|json| Ok(serde_json::from_slice(&json)?));
        let document: Document = json.map_err(|source| OidcError::Unreachable {
            what: "description",
            source,
        })?;
        if document.issuer != issuer {
            return Err(OidcError::AnotherIssuer {
                said: Excerpt::of(&document.issuer),
            });
        }
        for url in [
            &document.authorization_endpoint,
            &document.token_endpoint,
            &document.jwks_uri,
        ] {
            checked(url)?;
        }
        let keys = Arc::new(Jwks {
            http: Arc::clone(http),
            url: document.jwks_uri,
        });
        // No tenant is named by who administers them.
        let verifier = JwtVerifier::rotating(keys, client)
            .issuer(issuer)
            .tenant_claim("tenantry: none")
            .build();
        let methods = document.token_endpoint_auth_methods_supported;
        let basic = |methods: Vec<String>| methods.iter().any(|one| one == "client_secret_basic");
        Ok(Self {
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            answers_name_issuer: document.authorization_response_iss_parameter_supported,
            secret_in_form: !methods.is_none_or(basic),
            verifier,
        })
    }
}

/// An address that secrets may be sent to.
pub(super) fn checked(url: &str) -> Result<(), OidcError> {
    let (base, _) = url.split_once('?').unwrap_or((url, ""));
    PublicUrl::new(base)
        .map(drop)
        .map_err(|_| OidcError::Address {
            url: Excerpt::of(url),
        })
}

/// The keys that a provider signs with.
struct Jwks {
    http: Arc<dyn OidcHttp>,
    url: String,
}

#[async_trait]
impl KeySource for Jwks {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        fetch(&*self.http, &self.url).await
    }
}

async fn fetch(http: &dyn OidcHttp, url: &str) -> Result<Vec<u8>, BoxError> {
    let reply = http.get(url).await?;
    if reply.status == 200 {
        Ok(reply.body)
    } else {
        Err(format!("{url} answers with status {}", reply.status).into())
    }
}
