use tenantry::ports::ScopeError;
use tenantry_postgres::{TenantConnection, TenantPool};

fn list_orders(_: &mut TenantConnection) -> Result<(), ScopeError> {
    Ok(())
}

fn main() {}

fn mixed_up(pool: &TenantPool) -> Result<(), ScopeError> {
    pool.shared(|connection| list_orders(connection))
}
