//! A connection that is left as most are is cleaned, proven and made ready in one round trip; all others in more.

use diesel::connection::SimpleConnection;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};

use crate::world::*;

/// The statement that proves, as the server lists it.
const PROVES: &str = "SELECT name FROM pg_prepared_statements \
    WHERE starts_with(statement, '/* tenantry: as it was */')";

#[test]
fn a_connection_is_cleaned_in_one_trip_from_the_second_time_that_a_tenant_leaves_it() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    for (context, in_one) in [(&a, 0), (&a, 1), (&a, 2), (&b, 2), (&b, 3), (&a, 4)] {
        pool.in_tenant(context, ScopeMode::Session, |c| -> Outcome {
            insert(c, 1)?;
            Ok(())
        })
        .expect("entered");
        settle(&pool);
        assert_eq!(pool.statistics().cleaned_in_one_trip, in_one);
    }
    for in_one in [4, 5] {
        pool.shared(|_| -> Outcome { Ok(()) }).expect("entered");
        settle(&pool);
        assert_eq!(pool.statistics().cleaned_in_one_trip, in_one, "shared");
    }
    assert_eq!(pool.statistics().opened, 1);
}

#[test]
fn a_connection_that_was_cleaned_in_one_trip_stands_ready() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    clean_in_one_trip(&pool, &a);
    let ready = pool.statistics().entered_ready;
    let mut session = pool.session(&a).expect("entered");
    assert_eq!(pool.statistics().entered_ready, ready + 1);
    assert_eq!(
        ask(&mut *session, "current_setting('search_path')").expect("a path"),
        "tenant_aa, pg_temp"
    );
    let leases =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    assert_eq!(ask(&mut *session, leases).expect("a count"), "1");
}

#[test]
fn a_proof_in_one_trip_that_was_forged_is_none() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    clean_in_one_trip(&pool, &a);
    let mut session = pool.session(&a).expect("entered");
    let name = ask(&mut *session, PROVES).expect("the control: it is there");
    let forged = format!(
        "DEALLOCATE {name}; PREPARE {name} (int, text, bool, text, text) AS SELECT 1; \
         SET statement_timeout = '77s'"
    );
    session.batch_execute(&forged).expect("forged");
    let in_one = pool.statistics().cleaned_in_one_trip;
    drop(session);
    settle(&pool);
    let now = pool.statistics();
    assert_eq!((now.discarded, now.cleaned_in_one_trip), (1, in_one));
}

#[test]
fn without_its_statement_the_proof_takes_two_trips_or_closes_the_connection() {
    let world = World::new();
    let a = world.tenant("aa");
    for (left, discarded) in [("DEALLOCATE ALL", 1), ("DEALLOCATE one", 0)] {
        let pool = world.pool(1);
        clean_in_one_trip(&pool, &a);
        let mut session = pool.session(&a).expect("entered");
        let name = ask(&mut *session, PROVES).expect("the control: it is there");
        let left = left.replace("one", &name);
        session.batch_execute(&left).expect("dropped");
        let in_one = pool.statistics().cleaned_in_one_trip;
        drop(session);
        settle(&pool);
        let now = pool.statistics();
        assert_eq!(
            (now.discarded, now.cleaned_in_one_trip),
            (discarded, in_one),
            "{left}"
        );
    }
}

#[test]
fn a_connection_that_diesel_s_own_was_lent_of_takes_more_trips() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    clean_in_one_trip(&pool, &a);
    let in_one = pool.statistics().cleaned_in_one_trip;
    for (lent, expected) in [(true, in_one), (false, in_one + 1)] {
        let mut session = pool.session(&a).expect("entered");
        if lent {
            let _ = session.without_the_types_guarantee();
        }
        drop(session);
        settle(&pool);
        assert_eq!(pool.statistics().cleaned_in_one_trip, expected);
    }
    assert_eq!(pool.statistics().opened, 1);
}

#[test]
fn what_changed_under_a_connection_is_seen_by_the_proof_in_one_trip() {
    let world = World::new();
    for change in [
        "DROP SCHEMA tenant_aa CASCADE",
        "ALTER SCHEMA tenant_aa RENAME TO elsewhere",
        "COMMENT ON SCHEMA tenant_aa IS 'another''s'",
        "COMMENT ON SCHEMA tenant_aa IS NULL",
        "CREATE TYPE tenant_aa.pair AS (x int, y int)",
        "CREATE TYPE tenant_aa.state AS ENUM ('new')",
        "CREATE DOMAIN tenant_aa.positive AS int CHECK (VALUE > 0)",
    ] {
        let a = world.tenant("aa");
        let pool = world.pool(1);
        clean_in_one_trip(&pool, &a);
        let session = pool.session(&a).expect("entered");
        world.sql(change);
        let in_one = pool.statistics().cleaned_in_one_trip;
        drop(session);
        settle(&pool);
        assert_eq!(pool.statistics().cleaned_in_one_trip, in_one, "{change}");
        let ready = pool.statistics().entered_ready;
        let entered = pool.session(&a).map(drop);
        let is_there = change.starts_with("CREATE");
        assert_eq!(entered.is_ok(), is_there, "{change}: {entered:?}");
        let stood_ready = pool.statistics().entered_ready > ready;
        assert_eq!(stood_ready, is_there, "{change}");
        world.sql("DROP SCHEMA IF EXISTS tenant_aa, elsewhere CASCADE");
    }
}

#[test]
fn a_tenant_with_types_of_its_own_is_cleaned_in_one_trip_and_still_known_to_have_them() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    world.sql("CREATE TYPE tenant_aa.state AS ENUM ('new')");
    let pool = world.pool(1);
    clean_in_one_trip(&pool, &a);
    let known = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%\"items\"%'";
    let mut session = pool.session(&a).expect("entered");
    values(&mut *session).expect("rows");
    assert_eq!(
        ask(&mut *session, known).expect("a count"),
        "1",
        "the control"
    );
    drop(session);
    settle(&pool);
    let left = pool.tenant(&b, |c| -> Outcome<_> { Ok(ask(c, known)?) });
    assert_eq!(left.expect("entered"), "0", "nothing is kept for the next");
    assert_eq!(pool.statistics().opened, 1);
}

#[test]
fn a_schema_that_is_gone_is_noticed_in_one_trip_whatever_the_default_isolation_is() {
    let world = World::new();
    for level in ["read committed", "repeatable read", "serializable"] {
        let database = world.database();
        world.sql(&format!(
            "ALTER DATABASE {database} SET default_transaction_isolation = '{level}'"
        ));
        let a = world.tenant("aa");
        let pool = world.pool(1);
        clean_in_one_trip(&pool, &a);
        let mut session = pool.session(&a).expect("entered");
        let default = ask(&mut *session, "current_setting('transaction_isolation')");
        assert_eq!(default.expect("a level"), level, "the control");
        world.sql("DROP SCHEMA tenant_aa CASCADE");
        drop(session);
        settle(&pool);
        let missing = pool.session(&a).map(drop).expect_err("it is gone");
        assert!(
            matches!(missing, ScopeError::SchemaMissing { .. }),
            "{missing:?}"
        );
    }
}
