use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenantry::BoxError;
use tenantry::resolution::{NamedBy, Source};
use tenantry_http::{
    JwtVerifier, KeySource, SecretError, SharedSecret, Tenant, TenantLayer, TokenError,
    TokenVerifier as _,
};

use crate::world::{Server, World, refused, resolver};

mod keys;

const SECRET: &str = "a secret of thirty-two bytes or more";

fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

fn claims(tenant: &str) -> Value {
    json!({ "tenant": tenant, "sub": "user:42", "aud": "shop", "exp": seconds_from_now(300) })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

async fn serve(world: &World, verifier: JwtVerifier) -> Server {
    let token = Source::Token {
        named_by: NamedBy::Slug,
    };
    let layer = TenantLayer::builder(resolver([Source::Subdomain, token]), world.directory())
        .tokens(Arc::new(verifier))
        .build()
        .unwrap();
    let handler =
        |Tenant(tenant): Tenant| async move { format!("{} for {}", tenant.slug(), tenant.actor()) };
    Server::of(Router::new().route("/", get(handler)).layer(layer)).await
}

async fn ask(server: &Server, host: &str, token: &str) -> crate::world::Answer {
    let bearer = format!("Bearer {token}");
    server
        .send("/", &[("host", host), ("authorization", &bearer)])
        .await
}

#[tokio::test]
async fn a_token_names_its_tenant_and_who_asks() {
    let world = World::with(&["acme"]).await;
    let server = serve(
        &world,
        JwtVerifier::shared_secret(&secret(), "shop").build(),
    )
    .await;
    let token = signed(&claims("acme"));
    assert_eq!(
        ask(&server, "example.com", &token).await.ok(),
        "acme for user:42"
    );
    assert_eq!(
        ask(&server, "acme.example.com", &token).await.ok(),
        "acme for user:42"
    );
}

#[tokio::test]
async fn a_token_of_one_tenant_is_refused_at_another_ones_host() {
    let world = World::with(&["acme", "globex"]).await;
    let server = serve(
        &world,
        JwtVerifier::shared_secret(&secret(), "shop").build(),
    )
    .await;
    let token = signed(&claims("globex"));
    let answer = ask(&server, "acme.example.com", &token).await;
    assert_eq!(answer.problem(), refused(400, "sources_disagree"));
}

#[tokio::test]
async fn a_bad_token_is_refused_even_where_the_host_names_the_tenant() {
    let world = World::with(&["acme"]).await;
    let verifier = JwtVerifier::shared_secret(&secret(), "shop").issuer("us");
    let server = serve(&world, verifier.build()).await;
    let good = with(claims("acme"), "iss", json!("us"));
    ask(&server, "acme.example.com", &signed(&good)).await.ok();
    let but = |name: &str, value: Value| signed(&with(good.clone(), name, value));
    let forged = {
        let key = EncodingKey::from_secret(b"another secret of thirty-two bytes");
        encode(&Header::new(Algorithm::HS256), &good, &key).unwrap()
    };
    let unsigned = {
        let token = signed(&good);
        let payload = token.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")
    };
    let stripped = signed(&good).rsplit_once('.').unwrap().0.to_owned() + ".";
    let longer = {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        encode(&Header::new(Algorithm::HS512), &good, &key).unwrap()
    };
    for (token, reason) in [
        (but("exp", json!(seconds_from_now(-60))), "token_expired"),
        (but("exp", json!("soon")), "token_claims"),
        (but("exp", Value::Null), "token_claims"),
        (
            but("nbf", json!(seconds_from_now(120))),
            "token_not_yet_valid",
        ),
        (but("aud", json!("other")), "token_audience"),
        (but("aud", Value::Null), "token_claims"),
        (but("iss", json!("them")), "token_issuer"),
        (but("tenant", json!(["acme"])), "token_claims"),
        (but("sub", json!(42)), "token_claims"),
        (forged, "token_signature"),
        (stripped, "token_signature"),
        (longer, "token_signature"),
        (unsigned, "token_malformed"),
        ("not.a.token".into(), "token_malformed"),
        ("x".repeat(5000), "token_malformed"),
    ] {
        let answer = ask(&server, "acme.example.com", &token).await;
        let (status, found) = answer.problem();
        assert_eq!((status, found.as_str()), (401, reason), "{answer:?}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some("bearer error=\"invalid_token\"")
        );
        assert!(!answer.body.contains(&token), "the token isn't repeated");
    }
}

#[tokio::test]
async fn other_schemes_are_the_hosts_and_half_a_bearer_is_malformed() {
    let world = World::with(&["acme"]).await;
    let server = serve(
        &world,
        JwtVerifier::shared_secret(&secret(), "shop").build(),
    )
    .await;
    let send = async |values: &[&str]| {
        let mut headers = vec![("host", "acme.example.com")];
        headers.extend(values.iter().map(|value| ("authorization", *value)));
        server.send("/", &headers).await
    };
    let good = signed(&claims("acme"));
    send(&["Basic dXNlcjpwdw=="]).await.ok();
    send(&["Bear"]).await.ok();
    send(&[&format!("bEARER  {good}")]).await.ok();
    for values in [vec!["Bearer"], vec!["Bearer "], vec![&good, "Basic eA=="]] {
        let answer = send(&values).await;
        assert_eq!(
            answer.problem(),
            refused(401, "token_malformed"),
            "{values:?}"
        );
    }
    let glued = format!("Bearer{good}");
    assert_eq!(
        send(&[&glued]).await.problem(),
        refused(401, "token_malformed")
    );
}

#[tokio::test]
async fn a_subject_that_calls_itself_the_system_is_not_the_system() {
    let world = World::with(&["acme"]).await;
    let server = serve(
        &world,
        JwtVerifier::shared_secret(&secret(), "shop").build(),
    )
    .await;
    let token = signed(&with(claims("acme"), "sub", json!("system")));
    assert_eq!(
        ask(&server, "example.com", &token).await.ok(),
        "acme for anonymous"
    );
}

#[test]
fn each_algorithm_verifies_its_own_tokens_and_nobody_elses() {
    let verifiers = [
        JwtVerifier::rsa_pem(keys::RSA_PUBLIC.as_bytes(), "shop")
            .unwrap()
            .build(),
        JwtVerifier::ec_pem(keys::EC_PUBLIC.as_bytes(), "shop")
            .unwrap()
            .build(),
        JwtVerifier::ed_pem(keys::ED_PUBLIC.as_bytes(), "shop")
            .unwrap()
            .build(),
        JwtVerifier::shared_secret(&secret(), "shop").build(),
    ];
    let tokens = [
        keys::rsa(None, &claims("acme")),
        keys::ec(None, &claims("acme")),
        keys::ed(None, &claims("acme")),
        signed(&claims("acme")),
    ];
    for (index, verifier) in verifiers.iter().enumerate() {
        for (other, token) in tokens.iter().enumerate() {
            let answer = verifier.verify(token);
            match answer {
                Ok(token) => assert_eq!((token.tenant.as_deref(), index), (Some("acme"), other)),
                Err(error) => {
                    assert_ne!(index, other, "{error}");
                    assert!(matches!(error, TokenError::Signature), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let verifier = JwtVerifier::rsa_pem(keys::RSA_PUBLIC.as_bytes(), "shop")
        .unwrap()
        .build();
    let key = EncodingKey::from_secret(keys::RSA_PUBLIC.as_bytes());
    let confused = encode(&Header::new(Algorithm::HS256), &claims("acme"), &key).unwrap();
    assert!(matches!(
        verifier.verify(&confused),
        Err(TokenError::Signature)
    ));
}

#[test]
fn a_secret_is_long_and_comes_from_a_file_without_its_line_break() {
    assert!(matches!(
        SharedSecret::new("short"),
        Err(SecretError::TooShort { length: 5 })
    ));
    assert_eq!(format!("{:?}", secret()), "SharedSecret(..)");
    let path = std::env::temp_dir().join(format!("tenantry-http-secret-{}", std::process::id()));
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    let read = SharedSecret::from_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let verifier = JwtVerifier::shared_secret(&read, "shop").build();
    verifier.verify(&signed(&claims("acme"))).unwrap();
    assert!(matches!(
        SharedSecret::from_file(&path),
        Err(SecretError::Unreadable { .. })
    ));
}

/// A source of keys that the test changes.
#[derive(Default)]
struct Owner {
    set: Mutex<Value>,
    fetched: AtomicUsize,
    away: AtomicBool,
}

impl Owner {
    fn publish(&self, keys: &[Value]) {
        *self.set.lock().unwrap() = json!({ "keys": keys });
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Owner {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err("nobody answers".into());
        }
        Ok(self.set.lock().unwrap().to_string().into_bytes())
    }
}

fn rotating(keys: &[Value]) -> (Arc<Owner>, JwtVerifier) {
    let owner = Arc::new(Owner::default());
    owner.publish(keys);
    let source = Arc::clone(&owner) as Arc<dyn KeySource>;
    (owner, JwtVerifier::rotating(source, "shop").build())
}

/// As the layer does: other keys may help once.
async fn verify(verifier: &JwtVerifier, token: &str) -> Result<(), TokenError> {
    match verifier.verify(token) {
        Err(TokenError::KeyUnknown) => {
            verifier.refresh().await?;
            verifier.verify(token).map(drop)
        }
        answer => answer.map(drop),
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_fetched_when_a_token_names_it() {
    let (owner, verifier) = rotating(&[keys::ec_jwk("one")]);
    let old = keys::ec(Some("one"), &claims("acme"));
    let new = keys::ed(Some("two"), &claims("acme"));
    verify(&verifier, &old).await.unwrap();
    tokio::time::advance(Duration::from_secs(11)).await;
    owner.publish(&[keys::ed_jwk("two")]);
    verify(&verifier, &old)
        .await
        .expect("it isn't known to be gone yet");
    verify(&verifier, &new).await.unwrap();
    let gone = verify(&verifier, &old).await;
    assert!(matches!(gone, Err(TokenError::KeyUnknown)), "{gone:?}");
    assert_eq!(owner.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_unknown_keys_fetch_no_more_than_once_in_ten_seconds() {
    let (owner, verifier) = rotating(&[keys::ec_jwk("one")]);
    for number in 0..100 {
        let token = keys::ec(Some(&format!("unknown-{number}")), &claims("acme"));
        let answer = verify(&verifier, &token).await;
        assert!(matches!(answer, Err(TokenError::KeyUnknown)), "{answer:?}");
    }
    assert_eq!(owner.fetched(), 1);
    tokio::time::advance(Duration::from_secs(10)).await;
    let token = keys::ec(Some("unknown"), &claims("acme"));
    verify(&verifier, &token).await.unwrap_err();
    assert_eq!(owner.fetched(), 2);
}

#[tokio::test(start_paused = true)]
async fn old_keys_are_used_for_an_hour_when_their_owner_is_away_and_then_refused() {
    let (owner, verifier) = rotating(&[keys::ec_jwk("one")]);
    let token = keys::ec(Some("one"), &claims("acme"));
    verify(&verifier, &token).await.unwrap();
    owner.away.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(700)).await;
        verify(&verifier, &token).await.unwrap();
    }
    assert_eq!(owner.fetched(), 6, "it was tried each time");
    tokio::time::advance(Duration::from_secs(200)).await;
    let answer = verify(&verifier, &token).await;
    assert!(
        matches!(answer, Err(TokenError::KeysUnavailable { .. })),
        "{answer:?}"
    );
    owner.away.store(false, Ordering::SeqCst);
    tokio::time::advance(Duration::from_secs(11)).await;
    verify(&verifier, &token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_is_refused_after_ten_minutes() {
    let (owner, verifier) = rotating(&[keys::ec_jwk("one"), keys::ed_jwk("two")]);
    let token = keys::ec(Some("one"), &claims("acme"));
    verify(&verifier, &token).await.unwrap();
    owner.publish(&[keys::ed_jwk("two")]);
    tokio::time::advance(Duration::from_secs(601)).await;
    let answer = verify(&verifier, &token).await;
    assert!(matches!(answer, Err(TokenError::KeyUnknown)), "{answer:?}");
}

#[tokio::test]
async fn a_secret_in_a_public_set_is_no_key_and_neither_is_one_for_encryption() {
    let secret = json!({ "kty": "oct", "kid": "one", "k": "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyBvciBtb3Jl" });
    let encrypting = with(keys::ec_jwk("two"), "use", json!("enc"));
    let (_, verifier) = rotating(&[secret, encrypting]);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("one".into());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let by_secret = encode(&header, &claims("acme"), &key).unwrap();
    for token in [by_secret, keys::ec(Some("two"), &claims("acme"))] {
        let answer = verify(&verifier, &token).await;
        assert!(matches!(answer, Err(TokenError::KeyUnknown)), "{answer:?}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_the_services_fault() {
    let world = World::with(&["acme"]).await;
    let (owner, verifier) = rotating(&[]);
    owner.away.store(true, Ordering::SeqCst);
    let server = serve(&world, verifier).await;
    let answer = ask(
        &server,
        "acme.example.com",
        &keys::ec(None, &claims("acme")),
    )
    .await;
    assert_eq!(answer.problem(), refused(503, "token_keys_unavailable"));
    assert!(!answer.body.contains("nobody answers"), "{answer:?}");
}

#[tokio::test]
async fn a_request_waits_for_the_keys_and_comes_through() {
    let world = World::with(&["acme"]).await;
    let (owner, verifier) = rotating(&[keys::ed_jwk("one")]);
    let server = serve(&world, verifier).await;
    for _ in 0..3 {
        let token = keys::ed(Some("one"), &claims("acme"));
        assert_eq!(
            ask(&server, "example.com", &token).await.ok(),
            "acme for user:42"
        );
    }
    assert_eq!(owner.fetched(), 1);
}
