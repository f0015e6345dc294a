use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tenantry::BoxError;

use super::keys::{KeySource, Keys};
use super::ring::KeyRing;
use super::{SharedSecret, TokenError, TokenVerifier, VerifiedToken};

/// Verifies JSON Web Tokens (RFC 7519): signed by HS256 with a shared secret, or by RS256, ES256 or `EdDSA` with a public
/// key, or with a key of a set that its owner rotates.
///
/// A token needs an expiry, the audience that is asked for, and the issuer if one is asked for. Its algorithm is the key's,
/// whatever the token says. Clocks may differ by 30 seconds.
///
/// ```
/// use tenantry_http::{JwtVerifier, SharedSecret};
///
/// let secret = SharedSecret::new("a secret of thirty-two bytes or more")?;
/// let verifier = JwtVerifier::shared_secret(&secret, "shop").tenant_claim("org").build();
/// # let _ = verifier;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Rotation
/// The keys of a [source](Self::rotating) are fetched when the first token comes, when a token names a key that isn't
/// there, and when they are ten minutes old; never more than once in ten seconds, whatever tokens come. If that fails, the
/// old ones are used until they are an hour old. A key that its owner withdraws is thus refused ten minutes later, or an
/// hour if the source can't be reached.
pub struct JwtVerifier {
    validation: Validation,
    tenant_claim: String,
    ring: Arc<KeyRing>,
}

impl JwtVerifier {
    const LEEWAY: Duration = Duration::from_secs(30);

    /// Tokens signed by HS256 with a secret, for `audience`.
    pub fn shared_secret(secret: &SharedSecret, audience: &str) -> JwtBuilder {
        let key = DecodingKey::from_secret(secret.bytes());
        JwtBuilder::new(Keys::fixed(Algorithm::HS256, key), None, audience)
    }

    /// Tokens signed by RS256 with one key, in PEM.
    ///
    /// # Errors
    /// If it isn't such a key.
    pub fn rsa_pem(pem: &[u8], audience: &str) -> Result<JwtBuilder, BoxError> {
        let keys = Keys::fixed(Algorithm::RS256, DecodingKey::from_rsa_pem(pem)?);
        Ok(JwtBuilder::new(keys, None, audience))
    }

    /// Tokens signed by ES256 with one key, in PEM.
    ///
    /// # Errors
    /// If it isn't such a key.
    pub fn ec_pem(pem: &[u8], audience: &str) -> Result<JwtBuilder, BoxError> {
        let keys = Keys::fixed(Algorithm::ES256, DecodingKey::from_ec_pem(pem)?);
        Ok(JwtBuilder::new(keys, None, audience))
    }

    /// Tokens signed by `EdDSA` with one key, in PEM.
    ///
    /// # Errors
    /// If it isn't such a key.
    pub fn ed_pem(pem: &[u8], audience: &str) -> Result<JwtBuilder, BoxError> {
        let keys = Keys::fixed(Algorithm::EdDSA, DecodingKey::from_ed_pem(pem)?);
        Ok(JwtBuilder::new(keys, None, audience))
    }

    /// Tokens signed by RS256, ES256 or `EdDSA` with one of a source's keys.
    pub fn rotating(source: Arc<dyn KeySource>, audience: &str) -> JwtBuilder {
        JwtBuilder::new(Keys::to_be_fetched(), Some(source), audience)
    }

    fn validation_by(&self, algorithm: Algorithm) -> Validation {
        let mut validation = self.validation.clone();
        validation.algorithms = vec![algorithm];
        validation
    }
}

#[async_trait]
impl TokenVerifier for JwtVerifier {
    fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let keys = self.ring.keys()?;
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let missing = match keys.times {
            Some(_) => TokenError::KeyUnknown,
            None => TokenError::Signature,
        };
        let key = keys
            .find(header.kid.as_deref(), header.alg)
            .ok_or(missing)?;
        let validation = self.validation_by(key.algorithm);
        let claims = decode::<Map<String, Value>>(token, &key.decoding, &validation)
            .map_err(|error| judged(error.kind()))?
            .claims;
        Ok(VerifiedToken {
            tenant: text(&claims, &self.tenant_claim)?,
            subject: text(&claims, "sub")?,
            claims,
        })
    }

    async fn refresh(&self) -> Result<(), TokenError> {
        self.ring.refresh().await
    }
}

/// A claim that is text, or isn't there. One that is something else isn't nothing.
fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::Claims),
    }
}

fn judged(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYetValid,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => TokenError::Claims,
        ErrorKind::InvalidToken
        | ErrorKind::Base64(_)
        | ErrorKind::Json(_)
        | ErrorKind::Utf8(_) => TokenError::Malformed,
        _ => TokenError::Signature,
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("tenant_claim", &self.tenant_claim)
            .finish_non_exhaustive()
    }
}

/// Sets a [`JwtVerifier`] up.
#[must_use = "it is completed by build"]
pub struct JwtBuilder {
    verifier: JwtVerifier,
}

impl JwtBuilder {
    fn new(keys: Keys, source: Option<Arc<dyn KeySource>>, audience: &str) -> Self {
        // A host that wants another provider has installed it before: then this one isn't.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        // The algorithms are set for each token, by its key.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = JwtVerifier::LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        Self {
            verifier: JwtVerifier {
                validation,
                tenant_claim: "tenant".into(),
                ring: KeyRing::new(keys, source),
            },
        }
    }

    /// Whom the tokens have to come from.
    pub fn issuer(mut self, issuer: &str) -> Self {
        let validation = &mut self.verifier.validation;
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        self
    }

    /// The claim that names the tenant: `tenant`, unless said otherwise.
    pub fn tenant_claim(mut self, name: &str) -> Self {
        self.verifier.tenant_claim = name.into();
        self
    }

    /// The verifier.
    pub fn build(self) -> JwtVerifier {
        self.verifier
    }
}

impl fmt::Debug for JwtBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBuilder").finish_non_exhaustive()
    }
}
