use std::sync::Arc;

use async_trait::async_trait;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use tenantry::BoxError;
use tokio::time::Instant;

/// Where the keys come from that verify tokens: an identity provider's JWKS address, say.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Fetches the keys as they are now: a JSON Web Key Set (RFC 7517), as JSON.
    ///
    /// # Errors
    /// Whatever went wrong. The keys that were fetched before are used for a while.
    async fn fetch(&self) -> Result<Vec<u8>, BoxError>;
}

/// A key and the one algorithm that it is for. A token can't choose another one.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys at hand.
#[derive(Clone)]
pub(super) struct Keys {
    keys: Arc<[Key]>,
    /// Nothing, if they never change.
    pub(super) times: Option<KeyTimes>,
}

/// How old keys are that change.
#[derive(Clone, Copy)]
pub(super) struct KeyTimes {
    /// When they were fetched, if they ever were.
    pub(super) fetched_at: Option<Instant>,
    /// When they have to be fetched again.
    pub(super) stale_at: Instant,
}

impl Keys {
    pub(super) fn fixed(algorithm: Algorithm, decoding: DecodingKey) -> Self {
        let key = Key {
            id: None,
            algorithm,
            decoding,
        };
        Self {
            keys: Arc::new([key]),
            times: None,
        }
    }

    /// None yet: those of a source that hasn't been asked.
    pub(super) fn to_be_fetched() -> Self {
        Self {
            keys: Arc::new([]),
            times: Some(KeyTimes {
                fetched_at: None,
                stale_at: Instant::now(),
            }),
        }
    }

    /// The keys of a set that are for signatures by an algorithm that is taken. Others are left out.
    pub(super) fn of_set(json: &[u8], times: KeyTimes) -> Result<Self, serde_json::Error> {
        let set: JwkSet = serde_json::from_slice(json)?;
        Ok(Self {
            keys: set.keys.iter().filter_map(Key::of_jwk).collect(),
            times: Some(times),
        })
    }

    /// The key that a token names, or the only one for its algorithm if it names none.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fit = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm)
            .filter(|key| self.times.is_none() || id.is_none() || key.id.as_deref() == id);
        match (fit.next(), fit.next()) {
            (Some(key), None) => Some(key),
            // Two keys of one name, or no name and two keys: a token that has to be tried is a token to be refused.
            _ => None,
        }
    }
}

impl Key {
    fn of_jwk(jwk: &Jwk) -> Option<Self> {
        let for_signatures = matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let algorithm = algorithm_of(jwk)?;
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        for_signatures.then_some(Self {
            id: jwk.common.key_id.clone(),
            algorithm,
            decoding,
        })
    }
}

/// The algorithm of a key by its kind. A set is public, so a secret in it is no secret, and never a key.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(parameters)
            if parameters.curve == EllipticCurve::P256 =>
        {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(parameters)
            if parameters.curve == EllipticCurve::Ed25519 =>
        {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let declared = jwk.common.key_algorithm;
    declared
        .is_none_or(|declared| declared == name)
        .then_some(algorithm)
}
