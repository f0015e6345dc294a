//! The laws of the audit log: whatever is done to a chain is found.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tenantry::audit::{
    AuditAction, AuditAnchor, AuditBroken, AuditChain, AuditDetail, AuditEntry, AuditRecord,
    AuditTarget, AuditVerifier,
};
use tenantry::{Actor, Digest, TenantId};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap()
}

fn chain_of(number: u8) -> AuditChain {
    AuditChain::Tenant(TenantId::from_parts(now(), [number; 10]))
}

fn record() -> impl Strategy<Value = AuditRecord> {
    let texts = ("[a-c:]{1,3}", "[a-c.]{0,2}", "[a-c]{0,3}", "[a-c]{0,3}");
    (texts, 0..3_i64).prop_map(|((actor, action, target, detail), seconds)| AuditRecord {
        chain: chain_of(1),
        at: now() + TimeDelta::seconds(seconds),
        actor: Actor::named(actor).unwrap(),
        action: AuditAction::new(format!("a{action}")).unwrap(),
        target: AuditTarget::new(target).unwrap(),
        detail: AuditDetail::of(&detail).unwrap(),
    })
}

fn entries() -> impl Strategy<Value = Vec<AuditEntry>> {
    prop::collection::vec(record(), 1..12).prop_map(|records| {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for record in records {
            let last = entries.last().map(AuditEntry::anchor);
            entries.push(AuditEntry::after(last.as_ref(), record));
        }
        entries
    })
}

fn verify(
    entries: &[AuditEntry],
    anchors: &[AuditAnchor],
) -> Result<Option<AuditAnchor>, AuditBroken> {
    let mut verifier = AuditVerifier::new(chain_of(1));
    for anchor in anchors {
        verifier = verifier.with_anchor(*anchor);
    }
    for entry in entries {
        verifier.read(entry)?;
    }
    verifier.finish()
}

/// Changes one field, and leaves the hash.
fn edited(mut entry: AuditEntry, field: u8) -> AuditEntry {
    match field {
        0 => entry.at += TimeDelta::microseconds(1),
        1 => entry.actor = Actor::named(format!("{}x", entry.actor)).unwrap(),
        2 => entry.action = AuditAction::new(format!("{}x", entry.action)).unwrap(),
        3 => entry.target = AuditTarget::new(format!("{}x", entry.target.as_str())).unwrap(),
        4 => entry.detail = AuditDetail::from_json(format!("{} ", entry.detail.as_str())).unwrap(),
        5 => entry.previous = Digest::of(&[b"another"]),
        6 => entry.hash = Digest::of(&[b"another"]),
        7 => entry.chain = chain_of(2),
        _ => entry.number += 1,
    }
    entry
}

proptest! {
    #[test]
    fn a_chain_that_nobody_touched_is_whole(entries in entries()) {
        let head = entries.last().unwrap().anchor();
        let all: Vec<_> = entries.iter().map(AuditEntry::anchor).collect();
        prop_assert_eq!(verify(&entries, &all), Ok(Some(head)));
    }

    #[test]
    fn any_edit_is_found(entries in entries(), at in any::<prop::sample::Index>(), field in 0..9_u8) {
        let (mut entries, at) = (entries.clone(), at.index(entries.len()));
        entries[at] = edited(entries[at].clone(), field);
        prop_assert!(verify(&entries, &[]).is_err());
    }

    #[test]
    fn an_edit_with_a_fresh_hash_is_found_by_the_next_entry_or_the_anchor(
        entries in entries(),
        at in any::<prop::sample::Index>(),
        field in 0..5_u8,
    ) {
        let (mut edited_chain, at) = (entries.clone(), at.index(entries.len()));
        let mut entry = edited(entries[at].clone(), field);
        entry.hash = entry.computed_hash();
        edited_chain[at] = entry;
        let found = verify(&edited_chain, &[entries.last().unwrap().anchor()]);
        if at + 1 < entries.len() {
            prop_assert_eq!(found, Err(AuditBroken::Unlinked { number: at as u64 + 2 }));
        } else {
            prop_assert_eq!(found, Err(AuditBroken::NotAnchored { number: at as u64 + 1 }));
        }
    }

    #[test]
    fn a_rewriting_of_everything_from_an_entry_on_is_found_by_a_later_anchor(
        entries in entries(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(entries.len());
        let mut anew: Vec<AuditEntry> = entries[..at].to_vec();
        for entry in &entries[at..] {
            let last = anew.last().map(AuditEntry::anchor);
            let target = AuditTarget::new("somebody else").unwrap();
            anew.push(AuditEntry::after(last.as_ref(), AuditRecord {
                chain: entry.chain, at: entry.at, actor: entry.actor.clone(),
                action: entry.action.clone(), target, detail: entry.detail.clone(),
            }));
        }
        prop_assert!(verify(&anew, &[]).is_ok(), "without an anchor nobody can tell");
        let anchor = entries.last().unwrap().anchor();
        let number = anchor.number;
        prop_assert_eq!(verify(&anew, &[anchor]), Err(AuditBroken::NotAnchored { number }));
    }

    #[test]
    fn a_removal_within_is_found(entries in entries(), at in any::<prop::sample::Index>()) {
        prop_assume!(entries.len() > 1);
        let at = at.index(entries.len() - 1);
        let mut without = entries;
        without.remove(at);
        let (expected, found) = (at as u64 + 1, at as u64 + 2);
        prop_assert_eq!(verify(&without, &[]), Err(AuditBroken::OutOfOrder { expected, found }));
    }

    #[test]
    fn a_missing_end_is_found_by_an_anchor_and_by_nothing_else(
        entries in entries(),
        keep in any::<prop::sample::Index>(),
    ) {
        let kept = &entries[..keep.index(entries.len())];
        prop_assert!(verify(kept, &[]).is_ok());
        let anchor = entries.last().unwrap().anchor();
        let (last, anchored) = (kept.len() as u64, anchor.number);
        prop_assert_eq!(verify(kept, &[anchor]), Err(AuditBroken::Truncated { last, anchored }));
    }

    #[test]
    fn an_insertion_is_found(
        entries in entries(),
        at in any::<prop::sample::Index>(),
        record in record(),
    ) {
        let (mut more, at) = (entries.clone(), at.index(entries.len()));
        let last = at.checked_sub(1).map(|before| entries[before].anchor());
        more.insert(at, AuditEntry::after(last.as_ref(), record));
        prop_assert!(verify(&more, &[]).is_err());
    }

    #[test]
    fn another_order_is_found(
        entries in entries(),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let (one, other) = (one.index(entries.len()), other.index(entries.len()));
        prop_assume!(one != other);
        let mut moved = entries;
        moved.swap(one, other);
        prop_assert!(verify(&moved, &[]).is_err());
        // Also with their numbers put right.
        let numbers = (moved[one].number, moved[other].number);
        (moved[other].number, moved[one].number) = numbers;
        prop_assert!(verify(&moved, &[]).is_err());
    }

    #[test]
    fn a_line_is_read_back_and_its_hash_still_holds(entries in entries()) {
        for entry in entries {
            let line = entry.to_line();
            prop_assert!(!line.contains('\n'));
            let read = AuditEntry::from_line(&line).unwrap();
            prop_assert_eq!(&read, &entry);
            prop_assert_eq!(read.computed_hash(), entry.hash);
        }
    }

    #[test]
    fn texts_that_are_parted_in_another_way_have_another_hash(one in record(), other in record()) {
        let [one, other] = [one, other].map(|record| AuditEntry::after(None, record));
        prop_assert_eq!(one.hash == other.hash, one == other);
    }
}

#[test]
fn the_encoding_is_what_is_documented() {
    let record = AuditRecord {
        chain: AuditChain::Shared,
        at: now(),
        actor: Actor::named("é").unwrap(),
        action: AuditAction::new("a.b").unwrap(),
        target: AuditTarget::default(),
        detail: AuditDetail::default(),
    };
    let entry = AuditEntry::after(None, record);
    let mut bytes = b"tenantry-audit-1\n".to_vec();
    bytes.extend([0; 16]);
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(1_700_000_000_123_456_i64.to_be_bytes());
    for text in ["é", "a.b", "", "{}"] {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend([0; 32]);
    assert_eq!(entry.hash, Digest::of(&[&bytes]));
    assert_eq!(bytes.len(), 17 + 16 + 8 + 8 + 4 * 8 + 2 + 3 + 2 + 32);
}

#[test]
fn what_is_no_line_and_no_part_of_a_record_is_refused() {
    for line in ["", "{}", "[1]", "null"] {
        assert!(AuditEntry::from_line(line).is_err(), "{line}");
    }
    for action in ["", "A", "1a", "a b", &"a".repeat(101)] {
        assert!(AuditAction::new(action).is_err(), "{action}");
    }
    assert!(AuditTarget::new("a\nb").is_err());
    assert!(AuditTarget::new("é".repeat(501)).is_err());
    assert!(AuditDetail::from_json("{").is_err());
    assert!(AuditDetail::of(&"x".repeat(AuditDetail::MAX_LENGTH)).is_err());
    let another = chain_of(2);
    let anchor = AuditAnchor {
        chain: another,
        number: 9,
        hash: Digest::ZERO,
    };
    assert_eq!(verify(&[], &[anchor]), Ok(None), "another chain's anchor");
    for chain in [another, AuditChain::Shared] {
        assert_eq!(chain.to_string().parse::<AuditChain>().unwrap(), chain);
        assert_eq!(AuditChain::from_uuid(chain.as_uuid()).unwrap(), chain);
    }
}
