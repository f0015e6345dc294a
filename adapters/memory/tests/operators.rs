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
