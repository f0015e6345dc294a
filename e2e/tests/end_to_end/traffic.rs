//! Requests of many tenants, one after the other, and what their answers may be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use tenantry::Tenant;
use tenantry_e2e::client::Answer;

use crate::world::World;

/// How often a client tries again what failed, when it has to work.
const ATTEMPTS: usize = 20;
/// How long jobs may take at the end, those of a killed worker too.
const WORKED_OFF: Duration = Duration::from_secs(40);

pub(crate) struct Traffic {
    random: Rng,
    asked: usize,
    failed: usize,
    /// Notes whose writing was confirmed, and their jobs, by tenant.
    confirmed: Vec<BTreeMap<String, String>>,
    /// Notes that may or may not be there: nobody answered.
    in_doubt: Vec<BTreeSet<String>>,
}

impl Traffic {
    pub(crate) fn new(world: &World, seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            asked: 0,
            failed: 0,
            confirmed: vec![BTreeMap::new(); world.tenants.len()],
            in_doubt: vec![BTreeSet::new(); world.tenants.len()],
        }
    }

    /// So many requests, which may fail, but not be answered by what is another tenant's.
    pub(crate) async fn ask(&mut self, world: &World, requests: usize) {
        for _ in 0..requests {
            let web = self.random.usize(..2);
            if !self.step(world, web).await {
                self.failed += 1;
            }
        }
    }

    /// So many requests, of which each is answered well by both processes, by the last attempt at least.
    pub(crate) async fn must_go_on(&mut self, world: &World, requests: usize) {
        for number in 0..requests {
            let mut attempts = 0;
            while !self.step(world, number % 2).await {
                attempts += 1;
                assert!(attempts < ATTEMPTS, "web {} doesn't go on", number % 2);
            }
        }
    }

    pub(crate) fn summary(&self) -> String {
        let confirmed: usize = self.confirmed.iter().map(BTreeMap::len).sum();
        let in_doubt: usize = self.in_doubt.iter().map(BTreeSet::len).sum();
        format!(
            "{} requests, {} of them failed while a part was away; {confirmed} notes, {in_doubt} in doubt",
            self.asked, self.failed
        )
    }

    /// One request; whether it was answered well.
    async fn step(&mut self, world: &World, web: usize) -> bool {
        self.asked += 1;
        let number = self.random.usize(..world.tenants.len());
        let tenant = &world.tenants[number];
        match self.random.u8(..5) {
            0 | 1 => self.write(world, web, number).await,
            2 => {
                let answer = well(world.ask(web, "GET", tenant, "/rows").await);
                answer.is_some_and(|answer| rows(&answer, tenant).is_some())
            }
            3 => {
                let answer = well(world.ask(web, "GET", tenant, "/cached").await);
                answer.is_some_and(|answer| {
                    assert_eq!(
                        answer.body,
                        tenant.id().to_string(),
                        "a cached value crossed"
                    );
                    true
                })
            }
            _ => {
                let answer = well(world.ask(web, "GET", tenant, "/last").await);
                answer.is_some_and(|answer| {
                    let last: Value = serde_json::from_str(&answer.body).unwrap();
                    if let Some(last) = last["last"].as_str() {
                        assert!(
                            is_of(last, tenant),
                            "{last} is in the cache of {}",
                            tenant.slug()
                        );
                    }
                    true
                })
            }
        }
    }

    async fn write(&mut self, world: &World, web: usize, number: usize) -> bool {
        let tenant = &world.tenants[number];
        let text = format!("{}.{}", tenant.slug(), self.asked);
        let path = format!("/notes/{text}");
        match well(world.ask(web, "POST", tenant, &path).await) {
            None => {
                self.in_doubt[number].insert(text);
                false
            }
            Some(answer) => {
                let answer: Value = serde_json::from_str(&answer.body).unwrap();
                assert_eq!(answer["mark"], tenant.id().to_string(), "rows crossed");
                let job = answer["job"].as_str().unwrap().to_owned();
                self.confirmed[number].insert(text, job);
                true
            }
        }
    }

    /// At the end, each tenant has its own notes, and each of them ran inside of it.
    pub(crate) async fn every_note_is_there_and_ran(&self, world: &World) {
        let begun = Instant::now();
        for (number, tenant) in world.tenants.iter().enumerate() {
            let (notes, runs) = loop {
                let answer = well(world.ask(0, "GET", tenant, "/rows").await).unwrap();
                let (notes, runs) = rows(&answer, tenant).unwrap();
                let ran: BTreeSet<_> = runs.iter().map(|(_, note)| note.clone()).collect();
                if notes.iter().all(|note| ran.contains(note)) {
                    break (notes, runs);
                }
                assert!(
                    begun.elapsed() < WORKED_OFF,
                    "{notes:?} of {} didn't all run: {runs:?}",
                    tenant.slug()
                );
                tokio::task::yield_now().await;
            };
            let distinct: BTreeSet<_> = notes.iter().collect();
            assert_eq!(distinct.len(), notes.len(), "each note is written once");
            for (text, job) in &self.confirmed[number] {
                assert!(notes.contains(text), "{text} was confirmed, and is lost");
                assert!(
                    runs.contains(&(job.clone(), text.clone())),
                    "{text} ran by another job"
                );
            }
            for note in &notes {
                let is_known = self.confirmed[number].contains_key(note)
                    || self.in_doubt[number].contains(note);
                assert!(is_known, "nobody wrote {note}");
            }
        }
    }
}

fn well(answer: Result<Answer, tenantry_e2e::Failure>) -> Option<Answer> {
    answer.ok().filter(|answer| answer.status == 200)
}

fn is_of(text: &str, tenant: &Tenant) -> bool {
    text.strip_prefix(tenant.slug().as_str())
        .is_some_and(|rest| rest.starts_with('.'))
}

/// A job that ran, and its note.
type Run = (String, String);

/// A tenant's notes and runs, all of which have to be its own.
fn rows(answer: &Answer, tenant: &Tenant) -> Option<(Vec<String>, Vec<Run>)> {
    let rows: Value = serde_json::from_str(&answer.body).ok()?;
    assert_eq!(rows["mark"], tenant.id().to_string(), "rows crossed");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let notes: Vec<_> = rows["notes"].as_array()?.iter().map(text).collect();
    let runs = rows["runs"].as_array()?.iter();
    let runs: Vec<_> = runs
        .map(|run| (text(&run["job"]), text(&run["note"])))
        .collect();
    for note in notes.iter().chain(runs.iter().map(|(_, note)| note)) {
        assert!(
            is_of(note, tenant),
            "{note} is among the rows of {}",
            tenant.slug()
        );
    }
    Some((notes, runs))
}
