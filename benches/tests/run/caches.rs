use std::collections::HashMap;
use std::sync::Arc;

use tempfile::TempDir;
use tenantry::BoxError;
use tenantry::ports::Cache;
use tenantry_benches::{CacheFloor, CacheSubject};
use tenantry_memory::{MemoryCache, SystemClock};

use crate::{json_of, texts, trial};

/// The cache in process, above a map that loses what it is given if `FORGETFUL`.
struct Memory<const FORGETFUL: bool>;

impl<const FORGETFUL: bool> CacheSubject for Memory<FORGETFUL> {
    const NAME: &'static str = "memory";

    fn conditions(&self) -> String {
        "in a test".into()
    }

    fn cache(&self) -> Arc<dyn Cache> {
        Arc::new(MemoryCache::new(Arc::new(SystemClock)))
    }

    fn floor(&self) -> Result<Box<dyn CacheFloor + '_>, BoxError> {
        Ok(Box::new(Map::<FORGETFUL>::default()))
    }

    fn goal(&self) -> Option<f64> {
        Some(1e9)
    }
}

#[derive(Default)]
struct Map<const FORGETFUL: bool>(HashMap<String, Vec<u8>>);

impl<const FORGETFUL: bool> CacheFloor for Map<FORGETFUL> {
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        assert!(
            key.starts_with("tenant:{"),
            "{key} isn't the tenant's own key"
        );
        Ok(self.0.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), BoxError> {
        if !FORGETFUL {
            self.0.insert(key.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

#[test]
fn a_cache_is_measured_against_its_bare_client_under_a_name_of_its_own() {
    let folder = TempDir::new().unwrap();
    trial(folder.path()).cache(&Memory::<false>).unwrap();
    let json = json_of(folder.path());
    assert_eq!(texts(&json, "subjects", "name"), ["memory-cache"]);
    assert_eq!(
        texts(&json, "benchmarks", "operation"),
        [
            "bare client: get",
            "tenant cache: get",
            "tenant cache, made anew: get",
            "bare client: get, again",
            "bare client: set",
            "tenant cache: set",
            "tenant cache, under a budget: set",
        ]
    );
    for benchmark in json["benchmarks"].as_array().unwrap() {
        let named = benchmark["floor"].is_string();
        assert_eq!(benchmark["ratio"].is_f64(), named, "{benchmark}");
    }
    let goals = json["goals"].as_array().unwrap();
    assert_eq!(goals.len(), 3, "one for each pace");
    assert!(goals.iter().all(|goal| goal["floor"] == "bare client: get"));
}

#[test]
#[should_panic(expected = "read by \"bare client: get\"")]
fn a_cache_whose_floor_reads_nothing_is_not_measured() {
    let folder = TempDir::new().unwrap();
    let _ = trial(folder.path()).cache(&Memory::<true>);
}
