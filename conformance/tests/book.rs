//! The book's table is the suite's.

#[test]
fn the_books_table_is_made_of_the_list_and_the_claims() {
    tenantry_conformance::book::table_is_current();
}
