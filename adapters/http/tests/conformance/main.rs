//! The layer in front of axum does what every stack in front of a host's handlers must do, over each of our stores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod memory;
mod on_axum;
mod postgres;
mod server;
mod sqlite;

use on_axum::OnAxum;

mod over_memory {
    tenantry_conformance::request_suite!(super::OnAxum<super::memory::Memory>);
}

mod over_sqlite {
    tenantry_conformance::request_suite!(super::OnAxum<super::sqlite::Sqlite>);
}

mod over_postgres {
    tenantry_conformance::request_suite!(super::OnAxum<super::postgres::Postgres>);
}

#[test]
fn the_stores_are_recorded_for_the_book() {
    use tenantry_conformance::book::port_is_recorded;
    use tenantry_conformance::requests::adapter;

    port_is_recorded("requests", adapter::<OnAxum<memory::Memory>>());
    port_is_recorded("requests", adapter::<OnAxum<sqlite::Sqlite>>());
    port_is_recorded("requests", adapter::<OnAxum<postgres::Postgres>>());
}
