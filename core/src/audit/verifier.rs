use alloc::vec::Vec;

use super::{AuditAnchor, AuditBroken, AuditChain, AuditEntry};
use crate::Digest;

/// Reads a chain entry by entry and says where it is broken.
///
/// ```
/// # use chrono::DateTime;
/// # use tenantry::Actor;
/// use tenantry::audit::{AuditAction, AuditBroken, AuditChain, AuditEntry, AuditRecord, AuditVerifier};
///
/// # let record = |action: &str| -> Result<AuditRecord, Box<dyn std::error::Error>> { Ok(AuditRecord {
/// #     chain: AuditChain::Shared, at: DateTime::UNIX_EPOCH, actor: Actor::system(),
/// #     action: AuditAction::new(action)?, target: Default::default(), detail: Default::default(),
/// # }) };
/// let first = AuditEntry::after(None, record("tenant.created")?);
/// let second = AuditEntry::after(Some(&first.anchor()), record("tenant.suspended")?);
/// let anchor = second.anchor();
///
/// let mut verifier = AuditVerifier::new(AuditChain::Shared).with_anchor(anchor);
/// verifier.read(&first)?;
/// verifier.read(&second)?;
/// assert_eq!(verifier.finish()?, Some(anchor));
///
/// let mut verifier = AuditVerifier::new(AuditChain::Shared).with_anchor(anchor);
/// verifier.read(&first)?;
/// assert!(matches!(verifier.finish(), Err(AuditBroken::Truncated { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuditVerifier {
    chain: AuditChain,
    last: Option<AuditAnchor>,
    anchors: Vec<AuditAnchor>,
}

impl AuditVerifier {
    /// Reads this chain from its first entry.
    pub fn new(chain: AuditChain) -> Self {
        Self {
            chain,
            last: None,
            anchors: Vec::new(),
        }
    }

    /// Also asks that the chain has this entry. An anchor of another chain asks nothing of this one.
    #[must_use]
    pub fn with_anchor(mut self, anchor: AuditAnchor) -> Self {
        if anchor.chain == self.chain {
            self.anchors.push(anchor);
        }
        self
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// [`AuditBroken`]: what comes after a break is worth nothing.
    pub fn read(&mut self, entry: &AuditEntry) -> Result<(), AuditBroken> {
        let (found, expected) = (entry.number, self.expected());
        if entry.chain != self.chain {
            return Err(AuditBroken::AnotherChain {
                chain: entry.chain,
                expected: self.chain,
            });
        }
        if found != expected {
            return Err(AuditBroken::OutOfOrder { expected, found });
        }
        if entry.hash != entry.computed_hash() {
            return Err(AuditBroken::Altered { number: found });
        }
        if entry.previous != self.last.map_or(Digest::ZERO, |last| last.hash) {
            return Err(AuditBroken::Unlinked { number: found });
        }
        let mut anchored = self.anchors.iter().filter(|anchor| anchor.number == found);
        if anchored.any(|anchor| anchor.hash != entry.hash) {
            return Err(AuditBroken::NotAnchored { number: found });
        }
        self.last = Some(entry.anchor());
        Ok(())
    }

    /// Where to go on reading: after this entry.
    pub fn last(&self) -> Option<AuditAnchor> {
        self.last
    }

    /// There are no more entries. Returns the last one's anchor, to be kept elsewhere.
    ///
    /// # Errors
    /// [`AuditBroken::Truncated`] if an anchored entry didn't come.
    pub fn finish(self) -> Result<Option<AuditAnchor>, AuditBroken> {
        let last = self.last.map_or(0, |last| last.number);
        match self.anchors.iter().map(|anchor| anchor.number).max() {
            Some(anchored) if anchored > last => Err(AuditBroken::Truncated { last, anchored }),
            _ => Ok(self.last),
        }
    }

    fn expected(&self) -> u64 {
        self.last.map_or(0, |last| last.number).saturating_add(1)
    }
}
