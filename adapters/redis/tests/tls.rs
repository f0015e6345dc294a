//! Redis over TLS: who is trusted, and who isn't.
#![cfg(feature = "tls")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tenantry::Retry;
use tenantry::cache::{CacheError, CacheKey, CacheService, SharedCache};
use tenantry_conformance::servers::{Redis, RedisTls};
use tenantry_redis::{RedisCache, RedisSettings, RedisSettingsError};
use tokio::runtime::Runtime;

const HERE: &str = "127.0.0.1";

/// Somebody who vouches for others.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
struct Proof {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn vouch_for(&self, name: &str) -> Proof {
        self.vouch(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    fn vouch(&self, params: &CertificateParams) -> Proof {
        let key = KeyPair::generate().unwrap();
        Proof {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A server that shows this.
fn showing(proof: Proof, clients: &Authority, clients_prove_themselves: bool) -> Redis {
    let Proof { certificate, key } = proof;
    let server = Redis::builder().tls(RedisTls {
        certificate,
        key,
        authorities: clients.pem(),
        clients_prove_themselves,
    });
    server.start().unwrap_or_else(|error| panic!("{error}"))
}

fn cache(settings: &RedisSettings) -> SharedCache {
    CacheService::new(Arc::new(RedisCache::new(settings).unwrap())).shared()
}

fn trusting(server: &Redis, authority: &Authority) -> RedisSettings {
    let settings = RedisSettings::new(&server.url()).unwrap();
    settings.authorities(authority.pem().as_bytes())
}

fn run<F: Future>(work: F) -> F::Output {
    Runtime::new().unwrap().block_on(work)
}

/// One write and one read.
async fn use_it(cache: &SharedCache) -> Result<Option<Vec<u8>>, CacheError> {
    let key = CacheKey::new("a").unwrap();
    cache.set(&key, b"value", None).await?;
    cache.get(&key).await
}

fn assert_untrusted(settings: &RedisSettings) {
    let error = run(use_it(&cache(settings))).unwrap_err();
    assert!(matches!(error, CacheError::Untrusted { .. }), "{error:?}");
    assert_eq!(error.retry(), Retry::Never);
}

#[test]
fn a_server_of_a_trusted_authority_is_used_and_one_without_tls_isnt_spoken_to() {
    let authority = Authority::new();
    let server = showing(authority.vouch_for(HERE), &authority, false);
    assert!(server.url().starts_with("rediss://"));
    let value = run(use_it(&cache(&trusting(&server, &authority)))).unwrap();
    assert_eq!(value.as_deref(), Some(&b"value"[..]));

    let plain = RedisSettings::new(&format!("redis://{HERE}:{}", server.port())).unwrap();
    let error = run(use_it(&cache(&plain))).unwrap_err();
    assert_eq!(error.retry(), Retry::Later, "{error:?}");

    let without_tls = Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let url = format!("rediss://{HERE}:{}", without_tls.port());
    let settings = RedisSettings::new(&url).unwrap();
    let settings = settings.authorities(authority.pem().as_bytes());
    run(use_it(&cache(&settings))).unwrap_err();
}

#[test]
fn a_server_that_cant_prove_who_it_is_isnt_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = showing(authority.vouch_for(HERE), &authority, false);
    assert_untrusted(&trusting(&server, &other));
    // Nor by the authorities of this machine.
    assert_untrusted(&RedisSettings::new(&server.url()).unwrap());

    let elsewhere = showing(authority.vouch_for("cache.example"), &authority, false);
    assert_untrusted(&trusting(&elsewhere, &authority));

    let mut old = CertificateParams::new([HERE.to_owned()]).unwrap();
    old.not_after = date_time_ymd(2020, 1, 1);
    let expired = showing(authority.vouch(&old), &authority, false);
    assert_untrusted(&trusting(&expired, &authority));
}

#[test]
fn a_server_that_wants_a_certificate_gets_it_and_refuses_whoever_has_none() {
    let authority = Authority::new();
    let server = showing(authority.vouch_for(HERE), &authority, true);
    let settings = trusting(&server, &authority);
    let error = run(use_it(&cache(&settings))).unwrap_err();
    assert!(matches!(error, CacheError::Forbidden { .. }), "{error:?}");
    let ours = authority.vouch_for("shop.example");
    let settings = settings.certificate(ours.certificate.as_bytes(), ours.key.as_bytes());
    let value = run(use_it(&cache(&settings))).unwrap();
    assert_eq!(value.as_deref(), Some(&b"value"[..]));
}

#[test]
fn what_isnt_a_certificate_is_refused_before_anybody_is_asked() {
    let settings = RedisSettings::new("rediss://cache.example").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\ns3cret\n-----END CERTIFICATE-----";
    let error = RedisCache::new(&settings.clone().authorities(broken.as_bytes()));
    assert_eq!(
        error.map(|_| ()).unwrap_err(),
        RedisSettingsError::Certificate
    );
    let proof = Authority::new().vouch_for("shop.example");
    let keyless = settings.certificate(proof.certificate.as_bytes(), b"none");
    let error = RedisCache::new(&keyless).map(|_| ()).unwrap_err();
    assert_eq!(error, RedisSettingsError::Certificate);
    assert!(!error.to_string().contains("s3cret"));
}
