//! What of a browser matters here: it keeps cookies, and says where a request comes from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request};
use form_urlencoded::Serializer;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tenantry::operators::SessionToken;
use tenantry_admin::PublicUrl;

use crate::world::SIGN_IN;

const PATIENCE: Duration = Duration::from_secs(30);
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    client: Client<HttpConnector, Full<Bytes>>,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Gave {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Gave {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn reason(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        problem["reason"].as_str().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn new(address: SocketAddr, url: &PublicUrl) -> Self {
        Self {
            address,
            origin: url.to_string(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            cookies: BTreeMap::new(),
        }
    }

    /// The token in the session's cookie.
    pub(crate) fn session(&self) -> SessionToken {
        let mut sessions = self.cookies.iter();
        let (_, value) = sessions
            .find(|(name, _)| name.contains("session"))
            .expect("signed in");
        value.parse().unwrap()
    }

    pub(crate) fn csrf(&self) -> String {
        self.session().csrf().to_string()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Gave {
        self.send("GET", path, &[], "").await
    }

    /// Sends the sign-in page's form.
    pub(crate) async fn sign_in(&mut self, token: &str) -> Gave {
        self.form(SIGN_IN, &[("token", token)]).await
    }

    /// Sends a form of one of the administration's own pages.
    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Gave {
        let origin = self.origin.clone();
        let from_here = [
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.form_from(path, fields, &from_here).await
    }

    /// Sends a form with these headers.
    pub(crate) async fn form_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Gave {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [headers, &[("content-type", FORM)]].concat();
        self.send("POST", path, &headers, &body).await
    }

    /// Sends a request with its cookies, and keeps those that it is given.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Gave {
        let uri = format!("http://{}{path}", self.address);
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let exchange = async {
            let response = self.client.request(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Gave {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        };
        let gave = tokio::time::timeout(PATIENCE, exchange).await.unwrap();
        self.keep(&gave);
        gave
    }

    fn keep(&mut self, gave: &Gave) {
        for header in gave.headers.get_all("set-cookie") {
            let (pair, _) = header.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
