use async_trait::async_trait;
use tenantry::TenantContext;
use tenantry_runner::{JobOutcome, JobScopes, ScopedWork};

use crate::{SharedConnection, SqliteTenantPool, TenantConnection};

/// A transaction has its file's write lock from the beginning, so jobs of one tenant are done one after another.
#[async_trait]
impl JobScopes for SqliteTenantPool {
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
