pub(super) mod log {
    //! Appending, and reading what was appended.

    use std::sync::Arc;
    use std::thread;

    use chrono::{DateTime, TimeDelta, Utc};
    use futures_lite::future::block_on;
    use tenantry::audit::{
        AuditAction, AuditChain, AuditDetail, AuditEntry, AuditLog, AuditRecord, AuditTarget,
        AuditVerifier,
    };
    use tenantry::ports::AuditStore;
    use tenantry::{Actor, Digest, PageSize, TenantId};

    use crate::audit::AuditHarness;
    use crate::jobs::HandClock;
    use crate::{Verdict, Violation, ensure, ensure_eq};

    fn began() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 123_456_789).unwrap_or_default()
    }

    fn chain(number: u8) -> AuditChain {
        AuditChain::Tenant(TenantId::from_parts(began(), [number; 10]))
    }

    fn told<E: std::fmt::Display>(error: E) -> Violation {
        Violation::new(error.to_string())
    }

    fn record(chain: AuditChain, text: &str) -> Result<AuditRecord, Violation> {
        Ok(AuditRecord {
            chain,
            at: began(),
            actor: Actor::named("user:42").map_err(told)?,
            action: AuditAction::new("member.removed").map_err(told)?,
            target: AuditTarget::new(text).map_err(told)?,
            detail: AuditDetail::of(text).map_err(told)?,
        })
    }

    fn append(store: &dyn AuditStore, record: &AuditRecord) -> Result<AuditEntry, Violation> {
        Ok(block_on(store.append(record))?)
    }

    fn all(store: &dyn AuditStore, chain: AuditChain) -> Result<Vec<AuditEntry>, Violation> {
        Ok(block_on(store.read(chain, 0, PageSize::LARGEST))?)
    }

    /// The chain is whole, and has so many entries.
    fn is_whole(store: Arc<dyn AuditStore>, chain: AuditChain, entries: u64) -> Verdict {
        let log = AuditLog::new(store, Arc::new(HandClock::new()));
        let verified = block_on(log.verify(chain, &[]))?;
        ensure_eq!(verified.entries, entries, "the number of entries");
        Ok(())
    }

    pub(crate) fn an_entry_is_read_back_as_it_was_appended<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        let mut appended = Vec::new();
        for (text, seconds) in [("é\"\\'%_", 0), ("", -4_000_000_000), ("日本", 1)] {
            let record = AuditRecord {
                at: began() + TimeDelta::seconds(seconds),
                detail: AuditDetail::from_json(r#"{"b": 1.50, "a":"\u0000" , "b":[ ]}"#)
                    .map_err(told)?,
                ..record(chain(1), text)?
            };
            let entry = append(&*store, &record)?;
            let kept = (
                entry.actor.clone(),
                entry.action.clone(),
                entry.target.clone(),
                entry.detail.clone(),
            );
            let given = (record.actor, record.action, record.target, record.detail);
            ensure_eq!(kept, given, "what is kept");
            let at = chrono::SubsecRound::trunc_subsecs(record.at, 6);
            ensure_eq!(
                (entry.at, entry.chain),
                (at, record.chain),
                "when, and whose"
            );
            appended.push(entry);
        }
        ensure_eq!(all(&*store, chain(1))?, appended, "the entries");
        Ok(())
    }

    pub(crate) fn entries_are_numbered_from_one_without_gaps<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        for number in 1..=5 {
            let entry = append(&*store, &record(chain(1), "x")?)?;
            ensure_eq!(entry.number, number, "the number");
        }
        let numbers: Vec<_> = all(&*store, chain(1))?
            .iter()
            .map(|entry| entry.number)
            .collect();
        ensure_eq!(numbers, [1, 2, 3, 4, 5], "the numbers");
        Ok(())
    }

    pub(crate) fn each_entry_has_the_hash_of_the_encoding_and_binds_the_one_before<
        H: AuditHarness,
    >() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        let mut before = Digest::ZERO;
        for text in [
            "",
            "é",
            "日本\u{10348}",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let entry = append(&*store, &record(chain(1), text)?)?;
            ensure_eq!(entry.hash, entry.computed_hash(), "the hash");
            ensure_eq!(entry.previous, before, "the hash before");
            before = entry.hash;
        }
        is_whole(store, chain(1), 4)
    }

    pub(crate) fn chains_have_nothing_to_do_with_each_other<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        let chains = [chain(1), chain(2), AuditChain::Shared];
        for round in 1..=3 {
            for chain in chains {
                let entry = append(&*store, &record(chain, "x")?)?;
                ensure_eq!(
                    (entry.chain, entry.number),
                    (chain, round),
                    "whose entry, and its number"
                );
            }
        }
        for chain in chains {
            is_whole(store.clone(), chain, 3)?;
        }
        ensure_eq!(
            all(&*store, chain(3))?,
            [],
            "the entries of a chain without any"
        );
        Ok(())
    }

    pub(crate) fn pages_show_every_entry_once_in_order<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        let mut appended = Vec::new();
        for number in 0..7 {
            appended.push(append(&*store, &record(chain(1), &number.to_string())?)?);
            append(&*store, &record(chain(2), "another")?)?;
        }
        let (mut found, size): (Vec<AuditEntry>, _) = (Vec::new(), PageSize::new(3)?);
        loop {
            let after = found.last().map_or(0, |entry| entry.number);
            let page = block_on(store.read(chain(1), after, size))?;
            if page.is_empty() {
                break;
            }
            found.extend(page);
            ensure!(
                found.len() <= appended.len(),
                "more entries are read than there are"
            );
        }
        ensure_eq!(found, appended, "the entries");
        Ok(())
    }

    pub(crate) fn the_head_is_the_last_entry<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        ensure_eq!(
            block_on(store.head(chain(1)))?,
            None,
            "the head of an empty chain"
        );
        for text in ["a", "b", "c"] {
            let entry = append(&*store, &record(chain(1), text)?)?;
            append(&*store, &record(AuditChain::Shared, text)?)?;
            ensure_eq!(
                block_on(store.head(chain(1)))?,
                Some(entry.anchor()),
                "the head"
            );
        }
        Ok(())
    }

    pub(crate) fn what_ten_writers_append_at_once_is_one_chain<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let outcomes: Vec<Verdict> = thread::scope(|scope| {
            let write = |writer: usize| {
                let store = harness.store();
                scope.spawn(move || {
                    for number in 0..20 {
                        append(&*store, &record(chain(1), &format!("{writer}:{number}"))?)?;
                        append(&*store, &record(AuditChain::Shared, "x")?)?;
                    }
                    Ok(())
                })
            };
            let writers: Vec<_> = (0..10).map(write).collect();
            let joined = writers.into_iter().map(thread::ScopedJoinHandle::join);
            let panicked = |_| Err(Violation::new("a writer panicked"));
            joined
                .map(|outcome| outcome.unwrap_or_else(panicked))
                .collect()
        });
        outcomes.into_iter().collect::<Verdict>()?;
        is_whole(harness.store(), chain(1), 200)?;
        is_whole(harness.store(), AuditChain::Shared, 200)?;
        // Each writer's entries are in the order in which it appended them.
        let entries = all(&*harness.store(), chain(1))?;
        for writer in 0..10 {
            let prefix = format!("{writer}:");
            let own = entries
                .iter()
                .filter_map(|entry| entry.target.as_str().strip_prefix(&prefix));
            let expected: Vec<_> = (0..20).map(|number: u32| number.to_string()).collect();
            ensure_eq!(
                own.collect::<Vec<_>>(),
                expected,
                "the entries of writer {writer}"
            );
        }
        Ok(())
    }

    pub(crate) fn an_export_is_verified_by_its_lines_alone<H: AuditHarness>() -> Verdict {
        let harness = H::start();
        let store = harness.store();
        for text in ["a", "é\"", "日本", "d", "e"] {
            append(&*store, &record(chain(1), text)?)?;
        }
        let head = block_on(store.head(chain(1)))?;
        let log = AuditLog::new(store, Arc::new(HandClock::new()));
        let (mut export, size) = (String::new(), PageSize::new(2)?);
        loop {
            let after = export.lines().count() as u64;
            let page = block_on(log.export(chain(1), after, size))?;
            if page.is_empty() {
                break;
            }
            export.push_str(&page);
            ensure!(
                export.lines().count() <= 5,
                "more lines are exported than there are"
            );
        }
        let mut verifier = AuditVerifier::new(chain(1));
        for line in export.lines() {
            let entry = AuditEntry::from_line(line).map_err(told)?;
            verifier.read(&entry).map_err(told)?;
        }
        ensure_eq!(
            verifier.finish().map_err(told)?,
            head,
            "the export's last entry"
        );
        ensure_eq!(export.lines().count(), 5, "the number of lines");
        Ok(())
    }
}
