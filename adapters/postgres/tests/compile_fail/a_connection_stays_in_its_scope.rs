use tenantry::TenantContext;
use tenantry::ports::ScopeError;
use tenantry_postgres::TenantPool;

fn main() {}

fn escape(pool: &TenantPool, context: &TenantContext) {
    let mut kept = None;
    let _ = pool.tenant(context, |connection| -> Result<(), ScopeError> {
        kept = Some(connection);
        Ok(())
    });
    drop(kept);
}
