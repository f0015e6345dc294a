//! The memory store of domains does what every store of domains must do.

use std::sync::Arc;

use futures_lite::future::block_on;
use tenantry::TenantId;
use tenantry::ports::DomainStore;
use tenantry_conformance::domains::DomainHarness;
use tenantry_memory::MemoryDomainStore;

tenantry_conformance::domain_suite!(Memory);

struct Memory(Arc<MemoryDomainStore>);

impl DomainHarness for Memory {
    const ADAPTER: &'static str = "memory";

    fn start() -> Self {
        Self(Arc::default())
    }

    fn store(&self) -> Arc<dyn DomainStore> {
        self.0.clone()
    }

    fn purge(&self, tenant: TenantId) {
        block_on(self.0.forget(tenant)).expect("memory doesn't fail");
    }
}
