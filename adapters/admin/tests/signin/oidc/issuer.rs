//! An identity provider: discovery, consent without a question, tokens signed by ES256, and keys that rotate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tenantry::Digest;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT: &str = "tenantry";
pub(crate) const SECRET: &str = "the secret & more";

/// What is wrong with the next token or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nonce,
    NoNonce,
    Audience,
    OtherParty,
    SeveralAudiencesWithoutParty,
    Expired,
    NotYetValid,
    Issuer,
    UnknownKey,
    KnownNameOfAnotherKey,
    Unsigned,
    NoSubject,
    AnswersAsAnother,
    AnswersAsNobody,
    FailsAtTheToken,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Shared,
    task: JoinHandle<()>,
}

type Shared = Arc<Mutex<Inner>>;

struct Inner {
    url: String,
    says_issuer: String,
    keys: Vec<Key>,
    fault: Option<Fault>,
    user: Value,
    codes: HashMap<String, HashMap<String, String>>,
    made: u32,
    asked: Vec<&'static str>,
    logged: Vec<String>,
}

struct Key {
    name: String,
    pair: KeyPair,
}

impl Key {
    fn new(name: String) -> Self {
        let pair = KeyPair::generate().unwrap();
        Self { name, pair }
    }

    fn public(&self) -> Value {
        let raw = self.pair.public_key_raw();
        let (x, y) = raw[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.name,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    fn sign(&self, name: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(name.to_owned());
        let key = EncodingKey::from_ec_pem(self.pair.serialize_pem().as_bytes()).unwrap();
        encode(&header, claims, &key).unwrap()
    }
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Inner {
            says_issuer: url.clone(),
            url: url.clone(),
            keys: vec![Key::new("first".into())],
            fault: None,
            user: json!({ "sub": "5f7c", "email": "Ines@example.com", "email_verified": true }),
            codes: HashMap::new(),
            made: 0,
            asked: Vec::new(),
            logged: Vec::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, task }
    }

    pub(crate) fn break_with(&self, fault: impl Into<Option<Fault>>) {
        self.inner().fault = fault.into();
    }

    /// Who is signed in there.
    pub(crate) fn user(&self, claims: Value) {
        self.inner().user = claims;
    }

    /// What it says that it is called.
    pub(crate) fn calls_itself(&self, name: &str) {
        name.clone_into(&mut self.inner().says_issuer);
    }

    /// Signs by another key from now on, and publishes that alone.
    pub(crate) fn rotate(&self) {
        self.inner().keys = vec![Key::new("second".into())];
    }

    /// How often it was asked for something.
    pub(crate) fn asked(&self, what: &str) -> usize {
        let inner = self.inner();
        inner.asked.iter().filter(|asked| **asked == what).count()
    }

    /// What it was sent to exchange codes.
    pub(crate) fn logged(&self) -> Vec<String> {
        self.inner().logged.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn discovery(State(state): State<Shared>) -> Json<Value> {
    let mut inner = state.lock().unwrap();
    inner.asked.push("discovery");
    let at = |path: &str| format!("{}{path}", inner.url);
    Json(json!({
        "issuer": inner.says_issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(state): State<Shared>) -> Json<Value> {
    let mut inner = state.lock().unwrap();
    inner.asked.push("jwks");
    let keys: Vec<_> = inner.keys.iter().map(Key::public).collect();
    Json(json!({ "keys": keys }))
}

/// Whoever is signed in there consents.
async fn authorize(
    State(state): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Redirect {
    let mut inner = state.lock().unwrap();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["code_challenge_method"], "S256");
    assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
    inner.made += 1;
    let code = format!("code-{}", inner.made);
    let mut answer = form_urlencoded::Serializer::new(String::new());
    answer
        .append_pair("code", &code)
        .append_pair("state", &query["state"]);
    match inner.fault {
        Some(Fault::AnswersAsAnother) => {
            answer.append_pair("iss", "https://another.example");
        }
        Some(Fault::AnswersAsNobody) => {}
        _ => {
            answer.append_pair("iss", &inner.url);
        }
    }
    let target = format!("{}?{}", query["redirect_uri"], answer.finish());
    inner.codes.insert(code, query);
    Redirect::to(&target)
}

async fn token(State(state): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<_, _> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let mut inner = state.lock().unwrap();
    inner.logged.push(format!("{form:?}"));
    let basic = STANDARD.encode("tenantry:the+secret+%26+more");
    let authorization = headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap());
    let refused = || {
        (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": "invalid_grant" })),
        )
    };
    if authorization != Some(&format!("Basic {basic}")) {
        return (StatusCode::UNAUTHORIZED, "").into_response();
    }
    if inner.fault == Some(Fault::FailsAtTheToken) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    // A code is good once, for whoever has what its challenge was made of.
    let Some(asked) = inner.codes.remove(&form["code"]) else {
        return refused().into_response();
    };
    let made_of = Digest::of(&[form["code_verifier"].as_bytes()]);
    let challenge = URL_SAFE_NO_PAD.encode(made_of.as_bytes());
    if asked["code_challenge"] != challenge || asked["redirect_uri"] != form["redirect_uri"] {
        return refused().into_response();
    }
    Json(json!({ "id_token": inner.id_token(&asked["nonce"]), "token_type": "Bearer" }))
        .into_response()
}

impl Inner {
    fn id_token(&self, nonce: &str) -> String {
        let now = Utc::now().timestamp();
        let mut claims = self.user.clone();
        claims["iss"] = json!(self.url);
        claims["aud"] = json!(CLIENT);
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + 300);
        claims["nonce"] = json!(nonce);
        let mut signer = &self.keys[0];
        let mut name = signer.name.clone();
        let stranger = Key::new("stranger".into());
        match self.fault {
            Some(Fault::Nonce) => claims["nonce"] = json!("0".repeat(64)),
            Some(Fault::NoNonce) => claims["nonce"] = Value::Null,
            Some(Fault::Audience) => claims["aud"] = json!("another"),
            Some(Fault::OtherParty) => claims["azp"] = json!("another"),
            Some(Fault::SeveralAudiencesWithoutParty) => claims["aud"] = json!([CLIENT, "another"]),
            Some(Fault::Expired) => claims["exp"] = json!(now - 60),
            Some(Fault::NotYetValid) => claims["nbf"] = json!(now + 600),
            Some(Fault::Issuer) => claims["iss"] = json!("https://another.example"),
            Some(Fault::NoSubject) => claims["sub"] = json!(""),
            Some(Fault::UnknownKey) => {
                signer = &stranger;
                name.clone_from(&stranger.name);
            }
            Some(Fault::KnownNameOfAnotherKey) => signer = &stranger,
            Some(Fault::Unsigned) => {
                let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                return format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims));
            }
            Some(Fault::AnswersAsAnother | Fault::AnswersAsNobody | Fault::FailsAtTheToken)
            | None => {}
        }
        signer.sign(&name, &claims)
    }
}
