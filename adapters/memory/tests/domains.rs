//! The memory store of domains does what every store of domains must do.

use std::sync::Arc;

use tenantry::ports::DomainStore;
use tenantry_conformance::domains::DomainHarness;
use tenantry_memory::MemoryDomainStore;

tenantry_conformance::domain_suite!(Memory);

struct Memory(Arc<MemoryDomainStore>);

impl DomainHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const BESIDE_THE_RECORDS: bool = false;

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        self.0.clone()
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    tenantry_conformance::book::port_is_recorded("domains", Memory::ADAPTER);
}
