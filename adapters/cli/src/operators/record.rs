use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tenantry::{Actor, Digest, Excerpt};
use tenantry_admin::{BearerTokens, Operator, Right, UnknownRight};

/// What the file holds.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    #[serde(default)]
    pub(super) operator: Vec<Record>,
}

/// One operator.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) rights: Vec<String>,
    /// The SHA-256 of the token. Nobody can make the token of it.
    pub(super) token_sha256: Digest,
}

impl Records {
    /// Everybody in the file, by token. One record that is wrong makes all of them nobody: it may have been meant to take
    /// something away.
    pub(super) fn tokens(&self) -> Result<BearerTokens, String> {
        let (mut names, mut digests) = (BTreeSet::new(), BTreeSet::new());
        let mut tokens = BearerTokens::nobody();
        for record in &self.operator {
            let name = Excerpt::of(&record.name);
            if !names.insert(&record.name) {
                return Err(format!("operator {name} is there twice"));
            }
            if !digests.insert(record.token_sha256) {
                return Err(format!("operator {name} has somebody else's token"));
            }
            tokens = tokens.and_digest(record.token_sha256, record.operator()?);
        }
        Ok(tokens)
    }
}

impl Record {
    pub(super) fn operator(&self) -> Result<Operator, String> {
        let name = operator_name(&self.name)?;
        let actor = Actor::named(format!("operator:{name}")).map_err(|error| error.to_string())?;
        Ok(Operator::new(actor, rights_of(&self.rights)?))
    }
}

/// A name that reads well in a log: a letter or a digit, and more of them with dots, hyphens, low lines and at signs between.
pub(super) fn operator_name(name: &str) -> Result<&str, String> {
    const LONGEST: usize = 100;
    let inner = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
    let well_formed = name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(inner);
    if well_formed {
        Ok(name)
    } else {
        Err(format!(
            "operator {}: a name is of at most {LONGEST} letters, digits and .-_@, and begins with a letter or digit",
            Excerpt::of(name)
        ))
    }
}

pub(super) fn rights_of(names: &[String]) -> Result<BTreeSet<Right>, String> {
    let known = |name: &String| {
        name.parse()
            .map_err(|error: UnknownRight| error.to_string())
    };
    names.iter().map(known).collect()
}
