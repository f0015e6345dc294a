//! The memory audit log does what every audit log must do.

use std::sync::Arc;

use tenantry::ports::AuditStore;
use tenantry_conformance::audit::AuditHarness;
use tenantry_memory::MemoryAuditStore;

tenantry_conformance::audit_suite!(Memory);

struct Memory(Arc<MemoryAuditStore>);

impl AuditHarness for Memory {
    const ADAPTER: &'static str = "memory";

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn AuditStore> {
        self.0.clone()
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    tenantry_conformance::book::port_is_recorded("audit", Memory::ADAPTER);
}
