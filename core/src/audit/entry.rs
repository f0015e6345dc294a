use alloc::string::String;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AuditAction, AuditAnchor, AuditChain, AuditDetail, AuditLineError, AuditRecord, AuditTarget,
};
use crate::{Actor, Digest};

/// A record in its place in a chain. Names and shapes are those of its line in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Whose log.
    pub chain: AuditChain,
    /// Its place: 1 for the first, and no gaps.
    pub number: u64,
    /// When it happened, in whole microseconds.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to.
    pub target: AuditTarget,
    /// What else is worth knowing: JSON, as a text.
    pub detail: AuditDetail,
    /// The hash of the entry before; [`Digest::ZERO`] for the first.
    pub previous: Digest,
    /// This entry's hash.
    pub hash: Digest,
}

impl AuditEntry {
    const VERSION: &[u8] = b"tenantry-audit-1\n";

    /// The entry that this record is when it comes after `last`, or first.
    pub fn after(last: Option<&AuditAnchor>, record: AuditRecord) -> Self {
        let AuditRecord {
            chain,
            at,
            actor,
            action,
            target,
            detail,
        } = record;
        let mut entry = Self {
            chain,
            number: last.map_or(0, |last| last.number).saturating_add(1),
            at: at.trunc_subsecs(6),
            actor,
            action,
            target,
            detail,
            previous: last.map_or(Digest::ZERO, |last| last.hash),
            hash: Digest::ZERO,
        };
        entry.hash = entry.computed_hash();
        entry
    }

    /// What its hash has to be, by the [encoding](super).
    pub fn computed_hash(&self) -> Digest {
        let Self {
            chain,
            number,
            at,
            actor,
            action,
            target,
            detail,
            previous,
            hash: _,
        } = self;
        let texts = [
            actor.as_str(),
            action.as_str(),
            target.as_str(),
            detail.as_str(),
        ];
        let length = |text: &str| (text.len() as u64).to_be_bytes();
        let [actor_length, action_length, target_length, detail_length] = texts.map(length);
        let [actor, action, target, detail] = texts.map(str::as_bytes);
        Digest::of(&[
            Self::VERSION,
            chain.as_uuid().as_bytes(),
            &number.to_be_bytes(),
            &at.timestamp_micros().to_be_bytes(),
            &actor_length,
            actor,
            &action_length,
            action,
            &target_length,
            target,
            &detail_length,
            detail,
            previous.as_bytes(),
        ])
    }

    /// That the chain has this entry.
    pub fn anchor(&self) -> AuditAnchor {
        AuditAnchor {
            chain: self.chain,
            number: self.number,
            hash: self.hash,
        }
    }

    /// One line of an export: JSON, without the line feed.
    pub fn to_line(&self) -> String {
        // Names and texts alone, which always can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line of an export. Whether it is true is the [`AuditVerifier`](super::AuditVerifier)'s to say.
    ///
    /// # Errors
    /// [`AuditLineError`].
    pub fn from_line(line: &str) -> Result<Self, AuditLineError> {
        serde_json::from_str(line).map_err(|source| AuditLineError {
            source: source.into(),
        })
    }
}
