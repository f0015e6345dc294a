use std::panic::AssertUnwindSafe;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tenantry_fuzz::mutated;
use tenantry_http::{JwtVerifier, SharedSecret, TokenVerifier as _};

use crate::{TEXTS, Through, seeds};

static THROUGH: Through = Through::none();

const SECRET: &[u8] = b"a secret of the targets that is long enough";
/// In the year 2100.
const LATER: i64 = 4_102_444_800;

pub(crate) fn verifier() -> JwtVerifier {
    let secret = SharedSecret::new(SECRET).unwrap();
    JwtVerifier::shared_secret(&secret, "fuzz").build()
}

/// A token that names a tenant, signed by the right key or by another.
pub(crate) fn token(tenant: &str, secret: &[u8], algorithm: Algorithm) -> String {
    let claims = json!({ "sub": "user:1", "aud": "fuzz", "exp": LATER, "tenant": tenant });
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap()
}

pub(crate) fn good(tenant: &str) -> String {
    token(tenant, SECRET, Algorithm::HS256)
}

#[test]
fn no_token_is_believed_but_those_that_were_signed() {
    let verifier = verifier();
    let signed = [good("acme"), good("globex")];
    for token in &signed {
        verifier.verify(token).unwrap();
    }
    let mut seeds = seeds("tokens");
    seeds.extend(signed.iter().map(|token| token.clone().into_bytes()));
    let foreign = b"somebody else's secret, which is long enough";
    seeds.push(token("acme", foreign, Algorithm::HS256).into_bytes());
    seeds.push(token("acme", SECRET, Algorithm::HS512).into_bytes());
    let what_is_signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
    let believed: Vec<_> = signed.iter().map(|token| what_is_signed(token)).collect();
    // A panic ends the target, so that nobody sees what it left behind.
    let verifier = AssertUnwindSafe(verifier);
    bolero::check!(name = "tokens")
        .with_iterations(TEXTS)
        .for_each(|bytes: &[u8]| {
            let AssertUnwindSafe(verifier) = &verifier;
            for text in [bytes, &mutated(&seeds, bytes)] {
                let text = String::from_utf8_lossy(text);
                match verifier.verify(&text) {
                    Ok(_) => {
                        THROUGH.count();
                        let signed = what_is_signed(&text);
                        assert!(believed.contains(&signed), "{text:?} is believed");
                    }
                    Err(error) => assert!(!error.reason().is_empty()),
                }
            }
        });
    THROUGH.must_be_enough();
}
