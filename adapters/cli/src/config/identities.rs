//! Who of those whom an identity provider vouches for is an operator: whom a file names, and nobody else.
//!
//! ```toml
//! [[rule]]
//! group = "platform"
//! rights = ["read", "manage"]
//!
//! [[rule]]
//! email = "ines@example.com"
//! rights = ["read"]
//! tenants = ["018f3b1c-7a10-7000-8000-000000000001"]
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tenantry::{Excerpt, TenantId, TenantIdError};
use tenantry_admin::{IdentityRules, Right, UnknownRight};

/// Reads a file of rules.
///
/// # Errors
/// [`RulesFileError`], which names the file.
pub(crate) fn read(path: &Path) -> Result<IdentityRules, RulesFileError> {
    let file = path.to_owned();
    let text = std::fs::read_to_string(path).map_err(|source| RulesFileError::Unreadable {
        file: file.clone(),
        source,
    })?;
    let declared: Declared = toml::from_str(&text).map_err(|source| RulesFileError::NoToml {
        file: file.clone(),
        source: Box::new(source),
    })?;
    let rules = declared.rule.into_iter().enumerate();
    let mut rules = rules.map(|(at, rule)| (at + 1, rule));
    rules.try_fold(IdentityRules::nobody(), |rules, (number, rule)| {
        rule.added_to(rules)
            .map_err(|source| RulesFileError::Wrong {
                file: file.clone(),
                number,
                source,
            })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    subject: Option<String>,
    email: Option<String>,
    group: Option<String>,
    rights: Vec<String>,
    tenants: Option<Vec<String>>,
}

impl Rule {
    fn added_to(self, rules: IdentityRules) -> Result<IdentityRules, RuleError> {
        let rights = self
            .rights
            .iter()
            .map(|right| right.parse())
            .collect::<Result<Vec<Right>, _>>()?;
        if rights.is_empty() {
            return Err(RuleError::NoRights);
        }
        let named = |name: &String| !name.trim().is_empty();
        let claims = [&self.subject, &self.email, &self.group];
        if claims
            .into_iter()
            .flatten()
            .filter(|name| named(name))
            .count()
            != 1
        {
            return Err(RuleError::NotOneClaim);
        }
        let rules = match (&self.subject, &self.email, &self.group) {
            (Some(subject), None, None) => rules.subject(subject, rights),
            (None, Some(email), None) => rules.email(email, rights),
            (None, None, Some(group)) => rules.group(group, rights),
            _ => return Err(RuleError::NotOneClaim),
        };
        let Some(tenants) = self.tenants else {
            return Ok(rules);
        };
        let tenants = tenants.iter().map(|tenant| {
            tenant.parse().map_err(|source| RuleError::Tenant {
                tenant: Excerpt::of(tenant),
                source,
            })
        });
        let tenants = tenants.collect::<Result<Vec<TenantId>, _>>()?;
        if tenants.is_empty() {
            return Err(RuleError::NoTenants);
        }
        Ok(rules.only_for(tenants))
    }
}

/// Why a file of rules isn't one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesFileError {
    #[error("{} can't be read", file.display())]
    Unreadable {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("{} holds no rules: give each as [[rule]], with subject, email or group, and with rights", file.display())]
    NoToml {
        file: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{}, rule {number}", file.display())]
    Wrong {
        file: PathBuf,
        number: usize,
        source: RuleError,
    },
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuleError {
    #[error(transparent)]
    Right(#[from] UnknownRight),
    #[error("it gives no right")]
    NoRights,
    #[error("it names no one claim: give subject, email or group")]
    NotOneClaim,
    #[error("{tenant} is no tenant's id")]
    Tenant {
        tenant: Excerpt,
        source: TenantIdError,
    },
    #[error("it is for no tenant: leave tenants out for all, or name their ids")]
    NoTenants,
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenantry_admin::{OidcIdentity, Operator, OperatorMapping};

    use super::*;

    fn read_text(text: &str) -> Result<IdentityRules, RulesFileError> {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("rules.toml");
        std::fs::write(&file, text).expect("it is writable");
        read(&file)
    }

    fn operator(rules: &IdentityRules, email: Option<&str>, groups: &[&str]) -> Option<Operator> {
        let identity = json!({
            "issuer": "https://id.example.com", "subject": "5f7c", "email": email, "groups": groups,
        });
        let identity: OidcIdentity = serde_json::from_value(identity).expect("it is one");
        rules.operator(&identity)
    }

    fn rules() -> String {
        let tenant = TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [7; 10]);
        format!(
            "[[rule]]\ngroup = \"platform\"\nrights = [\"read\", \"manage\"]\n\
             [[rule]]\nemail = \"Ines@example.com\"\nrights = [\"read\"]\ntenants = [\"{tenant}\"]\n"
        )
    }

    #[test]
    fn whom_a_rule_names_has_its_rights_and_nobody_else_is_an_operator() {
        let rules = read_text(&rules()).expect("it is well-formed");
        let of_group = operator(&rules, None, &["others", "platform"]).expect("it is named");
        let expected = Operator::new(of_group.actor().clone(), [Right::Read, Right::Manage]);
        assert_eq!(of_group, expected);
        let tenant = TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [7; 10]);
        let ines = operator(&rules, Some("ines@example.com"), &[]).expect("she is named");
        let expected = Operator::new(ines.actor().clone(), [Right::Read]).only_for([tenant]);
        assert_eq!(ines, expected);
        assert!(operator(&rules, Some("eve@example.com"), &["others"]).is_none());
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_as_a_whole() {
        for (from, to) in [
            ("\"manage\"", "\"everything\""),
            ("[\"read\", \"manage\"]", "[]"),
            ("group =", "team ="),
            ("group = \"platform\"", "group = \"\""),
            ("group = \"platform\"\n", ""),
            ("email =", "subject = \"5f7c\"\nemail ="),
            ("tenants = [\"", "tenants = [\"acme"),
            ("[[rule]]", "[rule]"),
        ] {
            let text = rules().replacen(from, to, 1);
            assert!(read_text(&text).is_err(), "{text}");
        }
        let nowhere = rules().split("tenants").next().map(str::to_owned);
        let nowhere = nowhere.unwrap_or_default() + "tenants = []\n";
        assert!(matches!(
            read_text(&nowhere),
            Err(RulesFileError::Wrong {
                number: 2,
                source: RuleError::NoTenants,
                ..
            })
        ));
    }
}
