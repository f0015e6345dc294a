use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation,
};
use diesel::prelude::*;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};

use crate::world::*;

/// How something is left behind, how it is seen, and what is answered when nothing is there.
struct Residue {
    left: &'static str,
    seen: &'static str,
    clear: &'static str,
}

const RESIDUES: [Residue; 10] = [
    Residue {
        left: "CREATE TEMPORARY TABLE scratch (x int)",
        seen: "SELECT count(*) FROM pg_class WHERE relname = 'scratch'",
        clear: "0",
    },
    Residue {
        left: "SET statement_timeout = '77s'",
        seen: "current_setting('statement_timeout')",
        clear: "0",
    },
    Residue {
        left: "SET app.account = '42'",
        seen: "coalesce(current_setting('app.account', true), '') || '.'",
        clear: ".",
    },
    Residue {
        left: "SELECT pg_advisory_lock(4711)",
        seen: "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 \
            AND pid = pg_backend_pid()",
        clear: "0",
    },
    Residue {
        left: "LISTEN gossip",
        seen: "SELECT count(*) FROM pg_listening_channels()",
        clear: "0",
    },
    Residue {
        left: "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        seen: "SELECT count(*) FROM pg_cursors WHERE name = 'held'",
        clear: "0",
    },
    Residue {
        left: "PREPARE \"od\"\"d\" AS SELECT 1",
        seen: "SELECT count(*) FROM pg_prepared_statements WHERE from_sql",
        clear: "0",
    },
    Residue {
        left: "SET ROLE pg_read_all_data",
        seen: "current_user = session_user",
        clear: "true",
    },
    Residue {
        left: "SET SESSION AUTHORIZATION pg_read_all_data",
        seen: "current_user = 'postgres'",
        clear: "true",
    },
    Residue {
        left: "SET TIME ZONE 'Asia/Tokyo'",
        seen: "current_setting('TimeZone')",
        clear: "UTC",
    },
];

#[test]
fn what_a_transaction_leaves_is_gone_for_the_next_on_the_same_connection() {
    what_is_left_is_gone(ScopeMode::Transaction);
}

#[test]
fn what_a_session_leaves_is_gone_for_the_next_on_the_same_connection() {
    what_is_left_is_gone(ScopeMode::Session);
}

fn what_is_left_is_gone(mode: ScopeMode) {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    for residue in &RESIDUES {
        for next in [&a, &b] {
            let pool = world.pool(1);
            clean_in_one_trip(&pool, &a);
            let left = pool.in_tenant(&a, mode, |c| -> Outcome<_> {
                let before = ask(c, residue.seen)?;
                assert_eq!(before, residue.clear, "{}", residue.left);
                c.batch_execute(residue.left)?;
                Ok((backend(c)?, ask(c, residue.seen)?))
            });
            let (server, during) = left.expect(residue.left);
            // A subscription begins with the commit.
            let shows = mode == ScopeMode::Session || !residue.left.starts_with("LISTEN");
            if shows {
                assert_ne!(
                    during, residue.clear,
                    "the control: it was there: {}",
                    residue.left
                );
            }
            let after = pool.in_tenant(next, mode, |c| -> Outcome<_> {
                Ok((backend(c)?, ask(c, residue.seen)?))
            });
            let expected = (server, residue.clear.to_owned());
            assert_eq!(after.expect(residue.left), expected, "{}", residue.left);
            assert_eq!(pool.statistics().opened, 1);
        }
    }
}

#[test]
fn the_last_number_of_a_sequence_isn_t_told_to_the_next() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let told = pool.tenant(&a, |c| -> Outcome<_> {
        insert(c, 1)?;
        Ok(ask(c, "lastval()")?)
    });
    assert_eq!(told.expect("the control"), "1");
    let told = pool.tenant(&a, |c| -> Outcome<_> { Ok(ask(c, "lastval()")?) });
    assert!(matches!(told, Err(Failure::Query(_))), "{told:?}");
}

#[test]
fn a_changed_path_is_gone_also_if_a_function_changed_it() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    world.sql(
        "CREATE FUNCTION public.wander() RETURNS void LANGUAGE sql AS \
         $$ SELECT set_config('search_path', 'public', false) $$",
    );
    let pool = world.pool(1);
    for left in ["SET search_path = public", "SELECT public.wander()"] {
        for mode in [ScopeMode::Transaction, ScopeMode::Session] {
            for next in [&a, &b] {
                let during = pool.in_tenant(&a, mode, |c| -> Outcome<_> {
                    c.batch_execute(left)?;
                    Ok(ask(c, "current_schema()")?)
                });
                assert_eq!(during.expect("entered"), "public", "the control");
                let after = pool.in_tenant(next, mode, |c| -> Outcome<_> {
                    Ok(ask(c, "current_setting('search_path')")?)
                });
                let expected = format!("{}, pg_temp", next.schema().name);
                assert_eq!(after.expect("entered").replace('"', ""), expected);
            }
        }
    }
}

#[test]
fn an_open_transaction_left_by_a_session_is_rolled_back() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    for left in ["BEGIN", "BEGIN; SELECT * FROM nowhere"] {
        let mut session = pool.session(&a).expect("entered");
        let server = backend(&mut *session).expect("a pid");
        let _ = session.batch_execute("BEGIN; INSERT INTO items (value) VALUES (1)");
        let _ = session.batch_execute(left);
        drop(session);
        let mut session = pool.session(&a).expect("entered");
        assert_eq!(backend(&mut *session).expect("a pid"), server);
        assert_eq!(values(&mut *session).expect("rows"), NO_ROWS, "{left}");
        let state = format!("SELECT state FROM pg_stat_activity WHERE pid = {server}");
        assert_eq!(world.sql(&state), "idle", "no transaction is open: {left}");
    }
}

#[test]
fn a_notification_that_arrived_for_one_is_not_delivered_to_the_next() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let mut session = pool.session(&a).expect("entered");
    session.batch_execute("LISTEN gossip").expect("listens");
    world.sql("NOTIFY gossip, 'of tenant a'");
    session
        .batch_execute("SELECT 1")
        .expect("a trip that brings it");
    drop(session);
    let mut session = pool.session(&a).expect("entered");
    let heard = session
        .without_the_types_guarantee()
        .notifications_iter()
        .count();
    assert_eq!(heard, 0);
}

#[test]
fn diesel_s_own_statements_survive_the_cleaning() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%\"items\"%'";
    let mut before = String::new();
    for _ in 0..3 {
        let seen = pool.tenant(&a, |c| -> Outcome<_> {
            values(c)?;
            Ok(ask(c, prepared)?)
        });
        let seen = seen.expect("the statement is there");
        assert_eq!(seen, "1");
        before = seen;
    }
    assert_eq!((before.as_str(), pool.statistics().opened), ("1", 1));
}

/// Takes away the statement that Diesel prepared for reading items, and no other.
const DEALLOCATE_ONE: &str = "DO $$ BEGIN EXECUTE (SELECT format('DEALLOCATE %I', name) \
    FROM pg_prepared_statements WHERE statement LIKE '%\"items\"%'); END $$";

#[test]
fn a_connection_whose_prepared_statements_were_dropped_is_closed() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    for left in ["DEALLOCATE ALL", "DISCARD ALL", DEALLOCATE_ONE] {
        let mut session = pool.session(&a).expect("entered");
        values(&mut *session).expect("rows");
        let server = backend(&mut *session).expect("a pid");
        session.batch_execute(left).expect("dropped");
        let broken = values(&mut *session).expect_err("the control: Diesel's statement is gone");
        let explained = session.explain(broken);
        assert!(
            matches!(explained, ScopeError::SchemaChanged { .. }),
            "{left}: {explained:?}"
        );
        drop(session);
        settle(&pool);
        let mut session = pool.session(&a).expect("entered");
        assert_ne!(backend(&mut *session).expect("a pid"), server, "{left}");
        values(&mut *session).expect("rows");
    }
}

#[test]
fn a_proof_of_cleanness_that_was_forged_is_none() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let mut session = pool.session(&a).expect("entered");
    let first = "SELECT count(*) FROM pg_prepared_statements WHERE name = '__diesel_stmt_1' \
        AND statement LIKE '%pg_my_temp_schema%'";
    let proves = ask(&mut *session, first).expect("an answer");
    assert_eq!(proves, "1", "the control: it is the statement that proves");
    let forged = "DEALLOCATE __diesel_stmt_1; \
        PREPARE __diesel_stmt_1 (text, text, text, text) AS SELECT pg_backend_pid(), \
        concat(SESSION_USER, ' as ', CURRENT_USER), true, '{}'::text[], 'pg_catalog,pg_temp', true, false, \
        concat($1, $2, $3, $4)";
    session.batch_execute(forged).expect("forged");
    drop(session);
    settle(&pool);
    assert_eq!(pool.statistics().discarded, 1);
    let seen = pool.in_tenant(&a, ScopeMode::Session, |c| -> Outcome<_> { Ok(values(c)?) });
    assert_eq!(seen.expect("entered"), NO_ROWS);
}

#[test]
fn a_connection_that_was_replaced_by_another_is_closed() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let config = world.config();
    let stranger = config.connect_administrative(Duration::from_secs(1));
    let mut stranger = stranger.expect("connected");
    let mut session = pool.session(&a).expect("entered");
    std::mem::swap(session.without_the_types_guarantee(), &mut stranger);
    drop(session);
    settle(&pool);
    assert_eq!(pool.statistics().discarded, 1);
}

#[test]
fn an_instrumentation_sees_nothing_of_the_next_scope() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let seen = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&seen);
    let mut session = pool.session(&a).expect("entered");
    session.set_instrumentation(move |_: diesel::connection::InstrumentationEvent<'_>| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    values(&mut *session).expect("rows");
    assert_ne!(seen.load(Ordering::Relaxed), 0, "the control");
    drop(session);
    settle(&pool);
    let before = seen.load(Ordering::Relaxed);
    let mut session = pool.session(&a).expect("entered");
    values(&mut *session).expect("rows");
    assert_eq!(seen.load(Ordering::Relaxed), before);
    assert_eq!(pool.statistics().opened, 1);
}

#[test]
fn a_role_that_the_login_takes_by_default_is_no_residue() {
    let world = World::new();
    let a = world.tenant("aa");
    let database = world.database();
    world.sql(&format!(
        "CREATE ROLE owner_{database}; CREATE ROLE login_{database} LOGIN IN ROLE owner_{database}; \
         ALTER ROLE login_{database} SET role = 'owner_{database}'; \
         GRANT USAGE ON SCHEMA tenant_aa TO owner_{database}"
    ));
    let config = world.config().with("user", format!("login_{database}"));
    let pool = tenantry_postgres::TenantPool::with_settings(config, settings()).expect("a pool");
    for left in ["SELECT 1", "RESET ROLE", "SET ROLE NONE"] {
        let role = pool.tenant(&a, |c| -> Outcome<_> {
            let role = ask(c, "current_user")?;
            c.batch_execute(left)?;
            Ok(role)
        });
        assert_eq!(
            role.expect("entered"),
            format!("owner_{database}"),
            "{left}"
        );
        settle(&pool);
    }
    assert_eq!(
        (pool.statistics().opened, pool.statistics().discarded),
        (1, 0)
    );
}

thread_local! {
    /// The host's instrumentation panics on this thread.
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

#[expect(clippy::unnecessary_wraps, reason = "Diesel wants it so")]
fn may_panic() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|_: InstrumentationEvent<'_>| {
        assert!(!PANICS.get(), "the instrumentation panics, on purpose");
    }))
}

#[test]
fn a_panic_of_a_host_s_instrumentation_on_entering_closes_the_connection_and_frees_its_room() {
    set_default_instrumentation(may_panic).expect("set");
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        pool.tenant(&b, |c| -> Outcome { Ok(insert(c, 1)?) })
            .expect("entered");
        settle(&pool);
        let discarded = pool.statistics().discarded;
        PANICS.set(true);
        let entered = catch_unwind(AssertUnwindSafe(|| {
            pool.in_tenant(&a, mode, |_| -> Outcome { Ok(()) })
        }));
        PANICS.set(false);
        assert!(entered.is_err(), "the control: it panics");
        let now = pool.statistics();
        assert_eq!((now.discarded, now.size, now.in_use), (discarded + 1, 0, 0));
        let next = pool.in_tenant(&b, mode, |c| -> Outcome { Ok(insert(c, 2)?) });
        next.expect("there is room, and no other's connection");
    }
    assert_eq!(world.items(&a), "");
}

#[test]
fn a_connection_that_is_slow_to_clean_keeps_nobody_else_s_from_being_cleaned() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(2);
    let mut session = pool.session(&a).expect("entered");
    session
        .batch_execute("CREATE TEMPORARY TABLE scratch (x int)")
        .expect("made");
    let scratch = ask(&mut *session, "pg_my_temp_schema()::regnamespace").expect("its schema");
    let config = world.config();
    let operator = config.connect_administrative(Duration::from_secs(10));
    let mut operator = operator.expect("connected");
    let lock = format!("BEGIN; LOCK TABLE {scratch}.scratch IN ACCESS SHARE MODE");
    operator.batch_execute(&lock).expect("locked");
    drop(session);
    until("the first is being cleaned", || {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
            WHERE wait_event_type = 'Lock' AND datname = current_database()";
        world.sql(waiting) == "1"
    });
    pool.tenant(&b, |c| -> Outcome { Ok(insert(c, 1)?) })
        .expect("entered");
    until("the second is clean", || pool.statistics().idle == 1);
    assert_eq!(pool.statistics().cleaning, 1, "the first isn't yet");
    operator.batch_execute("COMMIT").expect("unlocked");
    settle(&pool);
    assert_eq!(pool.statistics().discarded, 0);
}
