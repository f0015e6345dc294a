use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tenantry::BoxError;

/// How an identity provider is asked. [`OidcClient`] does, and a host that has a proxy in between does it itself.
///
/// # Contract
/// - A certificate that isn't good is an error. No redirect is followed.
/// - It doesn't wait without end, nor read without end.
#[async_trait]
pub trait OidcHttp: Send + Sync {
    /// Asks for a document.
    ///
    /// # Errors
    /// Whatever went wrong on the way. A status is none.
    async fn get(&self, url: &str) -> Result<OidcReply, BoxError>;

    /// Sends a form, with this `Authorization`, if there is one.
    ///
    /// # Errors
    /// Whatever went wrong on the way. A status is none.
    async fn post(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<OidcReply, BoxError>;
}

/// An answer.
pub struct OidcReply {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

impl fmt::Debug for OidcReply {
    /// Leaves the body out, which may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcReply")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Asks by TLS, and trusts the authorities that the system trusts. An answer comes within ten seconds and has at most 1 MiB.
#[derive(Clone)]
pub struct OidcClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl OidcClient {
    const PATIENCE: Duration = Duration::from_secs(10);
    const LIMIT: usize = 1024 * 1024;

    /// A client.
    ///
    /// # Errors
    /// If the system's authorities can't be read.
    pub fn new() -> Result<Self, BoxError> {
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)?
            // Addresses are checked before: plain http is for this machine alone.
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<OidcReply, BoxError> {
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), Self::LIMIT);
            let body = body.collect().await?.to_bytes();
            Ok(OidcReply {
                status,
                body: body.into(),
            })
        };
        tokio::time::timeout(Self::PATIENCE, exchange).await?
    }
}

impl fmt::Debug for OidcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcClient").finish_non_exhaustive()
    }
}

#[async_trait]
impl OidcHttp for OidcClient {
    async fn get(&self, url: &str) -> Result<OidcReply, BoxError> {
        let request = Request::builder()
            .uri(url)
            .header(ACCEPT, "application/json");
        self.send(request.body(Full::default())?).await
    }

    async fn post(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<OidcReply, BoxError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.send(request.body(Full::from(form))?).await
    }
}
