use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tenantry::ports::ScopeError;

use crate::world::*;

#[test]
fn rows_written_in_one_tenant_are_unseen_in_another() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    let written = pool.tenant(&a, |c| -> Outcome<_> {
        insert(c, 1)?;
        Ok(backend(c)?)
    });
    let read = pool.tenant(&b, |c| -> Outcome<_> { Ok((values(c)?, backend(c)?)) });
    let (seen, served_by) = read.expect("entered");
    assert_eq!(served_by, written.expect("entered"), "the same connection");
    assert_eq!(seen, NO_ROWS);
    assert_eq!(
        (world.items(&a).as_str(), world.items(&b).as_str()),
        ("1", "")
    );
}

#[test]
fn work_that_fails_changes_nothing() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |c| -> Outcome {
        insert(c, 1)?;
        assert_eq!(values(c)?, [1], "it was there inside");
        Err(Failure::OnPurpose)
    });
    assert!(matches!(outcome, Err(Failure::OnPurpose)));
    assert_eq!(world.items(&a), "");
}

#[test]
fn a_panic_changes_nothing_and_closes_the_connection() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let first = pool.tenant(&a, |c| -> Outcome<_> { Ok(backend(c)?) });
    settle(&pool);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.tenant(&a, |c| -> Outcome {
            insert(c, 1)?;
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    let second = pool.tenant(&a, |c| -> Outcome<_> { Ok((backend(c)?, values(c)?)) });
    let (second, seen) = second.expect("entered");
    assert_ne!(second, first.expect("entered"));
    assert_eq!(seen, NO_ROWS);
    assert_eq!(pool.statistics().discarded, 1);
}

#[test]
fn a_missing_a_foreign_and_a_forbidden_schema_are_three_errors_and_nothing_is_run() {
    let world = World::new();
    let pool = world.pool(1);
    let enter = |context| pool.tenant(context, |_| -> Outcome { panic!("never entered") });

    let missing = context("nowhere");
    let outcome = enter(&missing);
    assert!(
        matches!(&outcome, Err(Failure::Scope(ScopeError::SchemaMissing { schema })) if *schema == missing.schema()),
        "{outcome:?}"
    );

    let foreign = world.tenant("foreign");
    let other = context("foreign");
    assert_ne!(foreign.id(), other.id());
    let outcome = enter(&other);
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaForeign { .. }))
        ),
        "{outcome:?}"
    );
    world.sql("COMMENT ON SCHEMA tenant_foreign IS NULL");
    let outcome = enter(&foreign);
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaForeign { .. }))
        ),
        "{outcome:?}"
    );

    assert!(world.items(&foreign).is_empty());
}

#[test]
fn a_role_without_usage_is_told_so() {
    let world = World::new();
    let a = world.tenant("aa");
    world.sql(&format!(
        "CREATE ROLE guest_{0} LOGIN; GRANT CONNECT ON DATABASE {0} TO guest_{0}",
        world.database()
    ));
    let config = world
        .config()
        .with("user", format!("guest_{}", world.database()));
    let pool = tenantry_postgres::TenantPool::with_settings(config, settings()).expect("a pool");
    let outcome = pool.tenant(&a, |_| -> Outcome { Ok(()) });
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaUnusable { .. }))
        ),
        "{outcome:?}"
    );
    // The control: with the right, the same role enters.
    world.sql(&format!(
        "GRANT USAGE ON SCHEMA tenant_aa TO guest_{}",
        world.database()
    ));
    pool.tenant(&a, |_| -> Outcome { Ok(()) }).expect("entered");
}

#[test]
fn a_missing_table_never_resolves_to_a_shared_one() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |c| -> Outcome<_> {
        Ok(ask(c, "SELECT value FROM notices")?)
    });
    assert!(matches!(outcome, Err(Failure::Query(_))), "{outcome:?}");
    let qualified = pool.tenant(&a, |c| -> Outcome<_> {
        Ok(ask(c, "SELECT value FROM public.notices")?)
    });
    assert_eq!(qualified.expect("the table is there"), "777");
    let shared = pool.shared(|c| -> Outcome<_> { Ok(ask(c, "SELECT value FROM notices")?) });
    assert_eq!(shared.expect("entered"), "777");
}

#[test]
fn a_raw_end_of_the_transaction_is_noticed() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    for ending in [
        "COMMIT",
        "ROLLBACK",
        "COMMIT; BEGIN",
        "ROLLBACK; BEGIN",
        "COMMIT AND CHAIN",
    ] {
        let outcome = pool.tenant(&a, |c| -> Outcome { Ok(c.batch_execute(ending)?) });
        assert!(
            matches!(outcome, Err(Failure::Scope(ScopeError::TransactionEnded))),
            "{ending}: {outcome:?}"
        );
    }
    // The control: raw savepoints end nothing.
    let kept = pool.tenant(&a, |c| -> Outcome {
        c.batch_execute("SAVEPOINT s; ROLLBACK TO s; RELEASE s")?;
        Ok(insert(c, 1)?)
    });
    kept.expect("committed");
    assert_eq!(world.items(&a), "1");
}

#[test]
fn after_a_raw_end_no_other_tenant_s_rows_are_in_reach() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    for ending in ["COMMIT", "ROLLBACK"] {
        // The connection stands ready for the other tenant.
        pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) })
            .expect("committed");
        settle(&pool);
        let outcome = pool.tenant(&b, |c| -> Outcome<_> {
            c.batch_execute(ending)?;
            Ok(values(c)?)
        });
        assert!(
            matches!(outcome, Err(Failure::Query(_))),
            "{ending}: {outcome:?}"
        );
    }
}

#[test]
fn an_error_that_the_work_hides_isn_t_committed_in_silence() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |c| -> Outcome {
        insert(c, 1)?;
        let hidden = c.batch_execute("SELECT 1 / 0");
        assert!(hidden.is_err());
        Ok(())
    });
    assert!(
        matches!(outcome, Err(Failure::Scope(ScopeError::Failed { .. }))),
        "{outcome:?}"
    );
    assert_eq!(world.items(&a), "");
}

#[test]
fn a_nested_transaction_is_a_savepoint() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |c| -> Outcome {
        insert(c, 1)?;
        let inner = c.transaction(|c| -> Outcome {
            insert(c, 2)?;
            Err(Failure::OnPurpose)
        });
        assert!(inner.is_err());
        Ok(c.transaction(|c| insert(c, 3))?)
    });
    outcome.expect("committed");
    assert_eq!(world.items(&a), "1,3");
}

#[test]
fn a_savepoint_rolled_back_changes_nothing_about_whose_rows_are_read() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    world.sql("INSERT INTO tenant_aa.items (value) VALUES (1); INSERT INTO tenant_bb.items (value) VALUES (2)");
    let pool = world.pool(1);
    for context in [&a, &b] {
        let path = pool.tenant(context, |c| -> Outcome<_> {
            let before = values(c)?;
            c.batch_execute("SAVEPOINT s; SET search_path = public; ROLLBACK TO s")?;
            assert_eq!(values(c)?, before);
            Ok(before)
        });
        let expected = if context == &a { [1] } else { [2] };
        assert_eq!(path.expect("committed"), expected);
    }
}

#[test]
fn a_deferred_constraint_is_checked_in_the_tenant_s_own_schema() {
    let world = World::new();
    let a = world.tenant("aa");
    world.sql(
        "CREATE TABLE tenant_aa.parents (id int PRIMARY KEY); \
         CREATE TABLE tenant_aa.children (parent int REFERENCES tenant_aa.parents DEFERRABLE INITIALLY DEFERRED); \
         CREATE FUNCTION tenant_aa.count_items() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO items (value) VALUES (9); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON tenant_aa.parents DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION tenant_aa.count_items()",
    );
    let pool = world.pool(1);
    let refused = pool.tenant(&a, |c| -> Outcome {
        Ok(c.batch_execute("INSERT INTO children VALUES (1)")?)
    });
    assert!(
        matches!(refused, Err(Failure::Scope(ScopeError::Failed { .. }))),
        "{refused:?}"
    );
    let kept = pool.tenant(&a, |c| -> Outcome {
        Ok(c.batch_execute("INSERT INTO children VALUES (1); INSERT INTO parents VALUES (1)")?)
    });
    kept.expect("committed");
    assert_eq!(
        world.items(&a),
        "9",
        "the trigger's unqualified name was the tenant's"
    );
}

#[test]
fn scopes_nest_for_the_same_tenant_only() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(4);
    let outcome = pool.tenant(&a, |_| -> Outcome {
        pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) })?;
        let other = pool.tenant(&b, |_| -> Outcome { Ok(()) });
        assert!(
            matches!(other, Err(Failure::Scope(ScopeError::SwitchRefused { .. }))),
            "{other:?}"
        );
        let shared = pool.shared(|_| -> Outcome { Ok(()) });
        assert!(
            matches!(
                shared,
                Err(Failure::Scope(ScopeError::SwitchRefused { .. }))
            ),
            "{shared:?}"
        );
        let session = pool.session(&b);
        assert!(
            matches!(session, Err(ScopeError::SwitchRefused { .. })),
            "{session:?}"
        );
        Ok(())
    });
    outcome.expect("the outer scope is fine");
    pool.tenant(&b, |_| -> Outcome { Ok(()) })
        .expect("the thread has left");
}

#[test]
fn two_connections_that_the_work_swapped_are_both_closed() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool_with(tenantry_postgres::PoolSettings {
        max_size: 2,
        per_tenant: Some(2),
        ..settings()
    });
    let outcome = pool.tenant(&a, |outer| -> Outcome {
        pool.tenant(&a, |inner| -> Outcome {
            std::mem::swap(outer, inner);
            Ok(())
        })
    });
    assert!(
        matches!(outcome, Err(Failure::Scope(ScopeError::TransactionEnded))),
        "{outcome:?}"
    );
    assert_eq!(pool.statistics().discarded, 2);
    assert_eq!(pool.statistics().size, 0);
}
