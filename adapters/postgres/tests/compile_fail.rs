//! What the type system refuses.

#[test]
fn tenants_and_shared_code_can_t_be_mixed_up_and_no_connection_escapes() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
