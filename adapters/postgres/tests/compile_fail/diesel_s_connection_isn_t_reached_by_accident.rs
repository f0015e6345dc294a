use diesel::PgConnection;
use tenantry_postgres::TenantConnection;

fn untyped(_: &mut PgConnection) {}

fn main() {}

fn by_accident(connection: &mut TenantConnection) {
    untyped(connection);
}
