use tenantry::TenantContext;
use tenantry::ports::ScopeError;
use tenantry_postgres::{SharedConnection, TenantPool};

fn list_plans(_: &mut SharedConnection) -> Result<(), ScopeError> {
    Ok(())
}

fn main() {}

fn mixed_up(pool: &TenantPool, context: &TenantContext) -> Result<(), ScopeError> {
    pool.tenant(context, |connection| list_plans(connection))
}
