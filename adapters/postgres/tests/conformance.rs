//! The PostgreSQL adapter does what every adapter must do.

mod harness;

use harness::Postgres;

tenantry_conformance::suite!(Postgres);

#[test]
fn the_claims_are_those_in_the_books_table() {
    tenantry_conformance::book::claims_are_recorded::<Postgres>();
}
