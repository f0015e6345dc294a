//! The identity provider that operators sign in by, if one is named.

use super::reader::Reader;
#[cfg(feature = "oidc")]
pub(crate) use with_it::Oidc;

#[cfg(not(feature = "oidc"))]
use super::setting::Setting;

/// In a build without `OpenID` Connect whatever is said of it is a mistake: nobody believes in a sign-in that isn't there.
#[cfg(not(feature = "oidc"))]
pub(super) fn refuse(reader: &mut Reader<'_>) {
    let settings = [
        Setting::OidcIssuer,
        Setting::OidcClientId,
        Setting::OidcClientSecret,
        Setting::OidcClientSecretFile,
        Setting::OidcRules,
        Setting::OidcScopes,
        Setting::OidcName,
    ];
    for setting in settings {
        // The reader has the mistake.
        let _ = reader.optional(setting, "none", other_build, super::hidden);
    }
}

#[cfg(not(feature = "oidc"))]
fn other_build(_: &str) -> Result<(), String> {
    Err("this build knows no OpenID Connect: build the command with --features oidc".to_owned())
}

#[cfg(feature = "oidc")]
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Oidc>, super::reader::Wrong> {
    Oidc::read(reader)
}

#[cfg(feature = "oidc")]
mod with_it {
    use std::path::Path;
    use std::sync::Arc;

    use tenantry_admin::{IdentityRules, OidcError, OidcProvider, PublicUrl};

    use crate::config::reader::{Reader, Wrong};
    use crate::config::setting::Setting;
    use crate::config::{as_given, hidden, identities};

    /// An identity provider, and who of those whom it vouches for is an operator.
    pub(crate) struct Oidc {
        pub(crate) issuer: String,
        client: String,
        secret: Option<String>,
        /// Without rules nobody is.
        rules: Option<IdentityRules>,
        scopes: Option<Vec<String>>,
        name: Option<String>,
    }

    impl Oidc {
        /// Judges every setting, also when one is wrong.
        pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Wrong> {
            let issuer = reader.optional(Setting::OidcIssuer, "none", issuer, as_given);
            let client = reader.optional(Setting::OidcClientId, "none", named, as_given);
            let secret = reader.optional(Setting::OidcClientSecret, "none", named, hidden);
            let file = reader.optional(
                Setting::OidcClientSecretFile,
                "none",
                secret_in_file,
                as_given,
            );
            let rules = reader.optional(Setting::OidcRules, "none", rules_in_file, as_given);
            let scopes = reader.optional(Setting::OidcScopes, "email", words, as_given);
            let name =
                reader.optional(Setting::OidcName, "your identity provider", named, as_given);
            check_whole(reader)?;
            let (issuer, client, rules) = (issuer?, client?, rules?);
            let (secret, scopes, name) = (secret?.or(file?), scopes?, name?);
            let Some((issuer, client)) = issuer.zip(client) else {
                return Ok(None);
            };
            Ok(Some(Self {
                issuer,
                client,
                secret,
                rules,
                scopes,
                name,
            }))
        }

        /// Whether anybody may be an operator by it.
        pub(crate) fn has_rules(&self) -> bool {
            self.rules.is_some()
        }

        /// The provider. It isn't asked yet.
        pub(crate) fn provider(&self) -> Result<OidcProvider, OidcError> {
            let rules = self.rules.clone().unwrap_or_else(IdentityRules::nobody);
            let mut provider = OidcProvider::new(&self.issuer, &self.client, Arc::new(rules))?;
            if let Some(secret) = &self.secret {
                provider = provider.secret(secret);
            }
            if let Some(scopes) = &self.scopes {
                provider = provider.scopes(scopes);
            }
            if let Some(name) = &self.name {
                provider = provider.called(name);
            }
            Ok(provider)
        }
    }

    /// Whether what is said makes a whole: half of a provider would be a sign-in that isn't there.
    fn check_whole(reader: &mut Reader<'_>) -> Result<(), Wrong> {
        let needing = [
            Setting::OidcClientId,
            Setting::OidcClientSecret,
            Setting::OidcClientSecretFile,
            Setting::OidcRules,
            Setting::OidcScopes,
            Setting::OidcName,
        ];
        let mut whole = Ok(());
        if reader.is_given(Setting::OidcIssuer) {
            if !reader.is_given(Setting::OidcClientId) {
                reader.mistaken(
                    Setting::OidcClientId,
                    "an issuer is named: say as which client it knows this server",
                );
                whole = Err(Wrong);
            }
        } else if let Some(first) = needing.into_iter().find(|one| reader.is_given(*one)) {
            reader.mistaken(first, "no provider is named: say oidc_issuer, too");
            whole = Err(Wrong);
        }
        if reader.is_given(Setting::OidcClientSecret)
            && reader.is_given(Setting::OidcClientSecretFile)
        {
            reader.mistaken(
                Setting::OidcClientSecretFile,
                "the secret is said by itself, too: say one of the two",
            );
            whole = Err(Wrong);
        }
        whole
    }

    fn issuer(text: &str) -> Result<String, String> {
        PublicUrl::new(text)
            .map(|_| text.to_owned())
            .map_err(|error| error.to_string())
    }

    fn named(text: &str) -> Result<String, String> {
        if text.trim().is_empty() {
            Err("it is empty".to_owned())
        } else {
            Ok(text.to_owned())
        }
    }

    fn words(text: &str) -> Result<Vec<String>, String> {
        let words: Vec<_> = named(text)?.split_whitespace().map(str::to_owned).collect();
        if words.iter().any(|word| word == "openid") {
            Err("openid is asked for anyway: leave it out".to_owned())
        } else {
            Ok(words)
        }
    }

    /// What a file holds, but for the end of its line. No error repeats any of it.
    fn secret_in_file(path: &str) -> Result<String, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("the file can't be read: {}", error.kind()))?;
        named(text.trim_end_matches(['\r', '\n']))
    }

    fn rules_in_file(path: &str) -> Result<IdentityRules, String> {
        identities::read(Path::new(path)).map_err(|error| crate::error::chain(&error).join(": "))
    }
}
