use async_trait::async_trait;
use tenantry::TenantContext;
use tenantry_runner::{JobOutcome, JobScopes, ScopedWork};

use crate::{SharedConnection, TenantConnection, TenantPool};

#[async_trait]
impl JobScopes for TenantPool {
    type Tenant = TenantConnection;
    type Shared = SharedConnection;

    async fn in_tenant(
        &self,
        context: TenantContext,
        work: ScopedWork<TenantConnection>,
    ) -> JobOutcome {
        self.tenant_async(context, work).await
    }

    async fn in_shared(&self, work: ScopedWork<SharedConnection>) -> JobOutcome {
        self.shared_async(work).await
    }
}
