//! The memory store of members does what every store of members must do.

use std::sync::Arc;

use tenantry::ports::MembershipStore;
use tenantry_conformance::membership::MembershipHarness;
use tenantry_memory::MemoryMembershipStore;

tenantry_conformance::membership_suite!(Memory);

struct Memory(Arc<MemoryMembershipStore>);

impl MembershipHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const BESIDE_THE_RECORDS: bool = false;

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn MembershipStore> {
        self.0.clone()
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    tenantry_conformance::book::port_is_recorded("members", Memory::ADAPTER);
}
