//! The demo holds its checks on both databases, and leaves nothing in a database that others use.

use crate::surroundings::{Databases, Tenantry};

#[test]
fn the_demo_passes_without_any_server() {
    let ended = Tenantry::without_database().run(&["demo"]);
    assert!(ended.success, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(" 0 failed"), "{}", ended.stdout);
    assert!(
        !ended.stdout.contains('\u{1b}'),
        "no colours where nobody sees them"
    );
}

#[test]
fn the_demo_passes_on_both_databases_and_can_be_run_again() {
    for database in Databases::start() {
        for _ in 0..2 {
            let demo = ["demo", "--database-url", database.url()];
            let shown = Tenantry::without_database().ok(&demo);
            assert!(shown.contains(" 0 failed"), "{shown}");
            let there = shown.contains("PostgreSQL") || !database.url().starts_with("postgres");
            assert!(there, "{shown}");
            assert!(shown.contains("stay"), "it says what it leaves: {shown}");
        }
        assert_eq!(
            database.tenantry().json(&["tenant", "list"]),
            serde_json::json!([])
        );
    }
}

#[test]
fn the_demo_leaves_a_database_alone_that_is_only_exported() {
    for database in Databases::start() {
        let shown = database.tenantry().ok(&["demo"]);
        assert!(shown.contains(" 0 failed"), "{shown}");
        assert!(
            shown.contains("TENANTRY_DATABASE_URL was left alone"),
            "{shown}"
        );
        database
            .tenantry()
            .refused(&["tenant", "list"], "tenantry setup");
    }
}
