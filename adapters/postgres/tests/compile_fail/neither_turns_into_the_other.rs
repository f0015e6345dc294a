use tenantry_postgres::{SharedConnection, TenantConnection};

fn main() {}

fn convert(tenant: TenantConnection) -> SharedConnection {
    tenant.into()
}

fn convert_back(shared: SharedConnection) -> TenantConnection {
    shared.into()
}
