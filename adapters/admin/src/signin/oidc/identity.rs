use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenantry::operators::Identity;

use super::error::OidcError;
use crate::access::Operator;

/// Says which operator somebody is whom an identity provider vouches for. Nobody is one by default.
///
/// It is asked when they sign in, and again at every request of their session: whom it doesn't know any more is out at once.
pub trait OperatorMapping: Send + Sync {
    /// The operator, if it is one. Their actor has to be the same for the same subject, and nobody else's.
    fn operator(&self, identity: &OidcIdentity) -> Option<Operator>;
}

/// Somebody, as an identity provider knows them.
///
/// `Debug` shows the subject alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OidcIdentity {
    /// Which provider.
    pub issuer: String,
    /// What never changes of them.
    pub subject: String,
    /// Their address for mail, in lower case, if the provider has made sure that it is theirs.
    pub email: Option<String>,
    /// Their groups (the claim `groups`), if the provider tells.
    pub groups: Vec<String>,
}

impl OidcIdentity {
    /// The longest subject, in bytes, as `OpenID` Connect has it.
    const LONGEST: usize = 255;

    /// What the claims of a verified token say.
    pub(super) fn of(issuer: &str, claims: &Map<String, Value>) -> Result<Self, OidcError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let subject = text("sub").ok_or(OidcError::Claims)?;
        if subject.is_empty() || subject.len() > Self::LONGEST {
            return Err(OidcError::Claims);
        }
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        let email = text("email").filter(|_| verified);
        let groups = claims.get("groups").and_then(Value::as_array);
        let groups = groups.into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            email: email.map(str::to_ascii_lowercase),
            groups: groups.map(str::to_owned).collect(),
        })
    }

    pub(super) fn kept(&self) -> Result<Identity, OidcError> {
        let json = serde_json::to_string(self).map_err(|_| OidcError::Claims)?;
        // Somebody in more groups than are kept: in none of them, rather than in some.
        Identity::from_json(json).map_err(|_| OidcError::Claims)
    }

    pub(super) fn of_kept(identity: &Identity) -> Option<Self> {
        serde_json::from_str(identity.as_json()).ok()
    }
}

impl fmt::Debug for OidcIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcIdentity")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
