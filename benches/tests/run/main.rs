//! A run goes everywhere, keeps what it measured, and doesn't measure what doesn't work.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod caches;
mod jobs;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry::ports::{SchemaProvider, ScopeMode, TenantRepository};
use tenantry::{BoxError, TenantContext};
use tenantry_benches::{BenchError, Effort, Fleet, Floor, Report, Run, Subject, Work};
use tenantry_memory::{
    MemoryDatabase, MemoryMigration, MemorySchemaProvider, MemoryScopes, MemoryTenantRepository,
    TenantConnection,
};

/// The memory adapter with `ROWS` rows to read, where one is expected.
struct Memory<const ROWS: usize> {
    scopes: MemoryScopes,
    repository: Arc<MemoryTenantRepository>,
    schemas: Arc<MemorySchemaProvider>,
    floors: AtomicUsize,
}

impl<const ROWS: usize> Memory<ROWS> {
    fn start() -> Self {
        let database = MemoryDatabase::new();
        let tables = MemoryMigration::new("tables", |tables| {
            tables.create("items")?;
            for _ in 0..ROWS {
                tables.insert("items", json!(42))?;
            }
            Ok(())
        });
        Self {
            scopes: MemoryScopes::new(database.clone()),
            repository: Arc::default(),
            schemas: Arc::new(MemorySchemaProvider::new(database, [tables])),
            floors: AtomicUsize::new(0),
        }
    }
}

impl<const ROWS: usize> Subject for Memory<ROWS> {
    type Scopes = MemoryScopes;

    const NAME: &'static str = "memory";

    fn conditions(&self) -> String {
        "in a test".into()
    }

    fn scopes(&self) -> &MemoryScopes {
        &self.scopes
    }

    fn repository(&self) -> Arc<dyn TenantRepository> {
        self.repository.clone()
    }

    fn schemas(&self) -> Arc<dyn SchemaProvider> {
        self.schemas.clone()
    }

    fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
        assert_ne!(work, Work::Nothing, "nothing is never asked for");
        Ok(connection.rows("items")?.len())
    }

    fn floor(&self, _: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
        self.floors.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Pinned))
    }

    fn goal(&self) -> Option<f64> {
        Some(1e9)
    }
}

struct Pinned;

impl Floor for Pinned {
    fn perform(&mut self, work: Work) -> Result<usize, BoxError> {
        Ok(work.rows())
    }

    fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError> {
        Ok(work.rows())
    }
}

fn trial(folder: &Path) -> Run {
    Run::with_effort(folder, Effort::trial())
}

fn json_of(folder: &Path) -> Value {
    let path = Report::read(folder).unwrap().write_json(folder).unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn texts<'a>(json: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    let entries = json[list].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry[key].as_str().unwrap())
        .collect()
}

#[test]
fn a_run_measures_every_scope_with_its_floor_and_keeps_all_of_it() {
    let folder = TempDir::new().unwrap();
    let subject = Memory::<1>::start();
    trial(folder.path()).subject(&subject).unwrap();
    assert_eq!(subject.floors.into_inner(), 2, "goals and scopes have one");

    let json = json_of(folder.path());
    let operations = texts(&json, "benchmarks", "operation");
    for scope in ["transaction scope", "session scope"] {
        for what in [
            "warm tenant: point read",
            "warm tenant: insert and read",
            "warm tenant: nothing",
            "one of 2: point read",
            "one of 4: point read",
        ] {
            let operation = format!("{scope}, {what}");
            assert!(operations.contains(&&*operation), "{operation}");
        }
    }
    assert!(operations.contains(&"create and provision: the benchmarks' own tables"));
    for benchmark in json["benchmarks"].as_array().unwrap() {
        let named = benchmark["floor"].is_string();
        assert_eq!(benchmark["ratio"].is_f64(), named, "{benchmark}");
        assert!(benchmark["median_ns"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(
        texts(&json, "goals", "pace"),
        [
            "each after 1 ms of rest",
            "each after 1 ms of other work",
            "back to back"
        ]
    );
    assert_eq!(
        texts(&json, "budget", "operation"),
        [
            "tenant resolution",
            "schema switch",
            "schema switch",
            "job overhead",
            "cache key transform",
            "whole request",
            "whole request",
        ],
    );
}

#[test]
fn the_core_is_measured_beside_a_subject() {
    let folder = TempDir::new().unwrap();
    trial(folder.path()).core().unwrap();
    trial(folder.path()).subject(&Memory::<1>::start()).unwrap();
    let json = json_of(folder.path());
    assert_eq!(texts(&json, "subjects", "name"), ["core", "memory"]);
    assert!(texts(&json, "benchmarks", "operation").contains(&"schema name of a slug"));
    let budget = json["budget"].as_array().unwrap();
    let key = budget
        .iter()
        .find(|row| row["operation"] == "cache key transform");
    assert_eq!(key.unwrap()["measured"]["adapter"], "core");
}

#[test]
#[should_panic(expected = "rows read by \"point read\"")]
fn a_subject_that_reads_other_rows_than_asked_for_is_not_measured() {
    let folder = TempDir::new().unwrap();
    let _ = trial(folder.path()).subject(&Memory::<2>::start());
}

#[test]
fn a_subject_whose_tenants_cannot_be_made_is_an_error_that_says_so() {
    struct Homeless(Memory<1>);

    impl Subject for Homeless {
        type Scopes = MemoryScopes;

        const NAME: &'static str = "homeless";

        fn conditions(&self) -> String {
            self.0.conditions()
        }

        fn scopes(&self) -> &MemoryScopes {
            self.0.scopes()
        }

        fn repository(&self) -> Arc<dyn TenantRepository> {
            self.0.repository()
        }

        fn schemas(&self) -> Arc<dyn SchemaProvider> {
            self.0.schemas()
        }

        fn perform(connection: &mut TenantConnection, work: Work) -> Result<usize, BoxError> {
            Memory::<1>::perform(connection, work)
        }

        fn floor(&self, context: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError> {
            self.0.floor(context)
        }

        fn modes(&self) -> &'static [ScopeMode] {
            &[ScopeMode::Transaction]
        }

        fn contexts(&self, _: usize) -> Result<Vec<TenantContext>, BoxError> {
            Ok(Vec::new())
        }
    }

    let folder = TempDir::new().unwrap();
    let error = trial(folder.path())
        .subject(&Homeless(Memory::start()))
        .unwrap_err();
    assert!(matches!(
        error,
        BenchError::Subject {
            subject: "homeless",
            ..
        }
    ));
    assert!(!folder.path().join("subjects").exists(), "nothing is kept");
}

#[test]
fn tenants_are_made_once_and_found_again() {
    let subject = Memory::<1>::start();
    let first = subject.contexts(7).unwrap();
    let again = subject.contexts(9).unwrap();
    assert_eq!(first[..], again[..7]);
    let different: HashSet<_> = again.iter().map(TenantContext::id).collect();
    assert_eq!(different.len(), 9);

    let fleet = Fleet::of(again).unwrap();
    let picked: HashSet<_> = (0..1_000).map(|_| fleet.random(3).id()).collect();
    assert_eq!(picked.len(), 3, "of the first three alone");
    assert_eq!(fleet.random(1).id(), fleet.warm().id());
    assert_eq!(fleet.size(), 9);
}
