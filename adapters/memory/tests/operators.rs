//! The memory store of operators does what every store of operators must do.

use std::sync::Arc;

use tenantry::ports::OperatorStore;
use tenantry_conformance::operators::OperatorHarness;
use tenantry_memory::MemoryOperatorStore;

tenantry_conformance::operator_suite!(Memory);

struct Memory(Arc<MemoryOperatorStore>);

impl OperatorHarness for Memory {
    const ADAPTER: &'static str = "memory";

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn OperatorStore> {
        self.0.clone()
    }
}

#[test]
fn the_suite_is_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    port_is_recorded(
        "operators",
        tenantry_conformance::operators::adapter::<Memory>(),
    );
}
