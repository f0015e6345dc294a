use tenantry::TenantContext;
use tenantry::ports::ScopeError;
use tenantry_postgres::{TenantConnection, TenantPool};

fn main() {}

fn escape<'a>(
    pool: &TenantPool,
    context: &TenantContext,
) -> Result<&'a mut TenantConnection, ScopeError> {
    pool.tenant(context, |connection| Ok(connection))
}
