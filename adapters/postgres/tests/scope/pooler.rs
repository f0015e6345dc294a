use std::sync::mpsc;

use diesel::connection::SimpleConnection;
use tenantry::ports::ScopeError;
use tenantry_conformance::servers::{PgBouncer, PoolSettings as PoolerSettings};
use tenantry_postgres::{ConnectError, PoolerUse, PostgresConfig, TenantPool};

use crate::world::*;

/// A pooler in transaction mode with one connection to the server.
fn pooler(world: &World) -> (PgBouncer, PostgresConfig) {
    let pooler = PgBouncer::start(world.server(), &PoolerSettings::default()).expect("a pooler");
    let config = pooler
        .database_url(world.database())
        .parse()
        .expect("its URL");
    (pooler, config)
}

fn pool(config: PostgresConfig) -> TenantPool {
    TenantPool::with_settings(config, settings()).expect("a pool")
}

#[test]
fn transaction_scopes_work_and_session_scopes_are_refused() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let (_pooler, config) = pooler(&world);
    let pool = pool(config);
    for _ in 0..3 {
        pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) })
            .expect("committed");
        let seen = pool.tenant(&b, |c| -> Outcome<_> { Ok(values(c)?) });
        assert_eq!(seen.expect("entered"), NO_ROWS);
    }
    assert_eq!(world.items(&a), "1,1,1");
    let session = pool.session(&a);
    assert!(
        matches!(session, Err(ScopeError::SessionRefused { .. })),
        "{session:?}"
    );
    let missing = pool.tenant(&context("nowhere"), |_| -> Outcome { Ok(()) });
    assert!(
        matches!(
            missing,
            Err(Failure::Scope(ScopeError::SchemaMissing { .. }))
        ),
        "{missing:?}"
    );
    let shared = pool.shared(|c| -> Outcome<_> { Ok(ask(c, "SELECT value FROM notices")?) });
    assert_eq!(shared.expect("entered"), "777");
}

#[test]
fn two_interleaved_clients_on_one_server_connection_never_see_each_other() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let (_pooler, config) = pooler(&world);
    let (first, second) = (pool(config.clone()), pool(config));
    std::thread::scope(|threads| {
        for (pool, context, value) in [(&first, &a, 1), (&second, &b, 2)] {
            threads.spawn(move || {
                for _ in 0..50 {
                    let outcome = pool.tenant(context, |c| -> Outcome<_> {
                        insert(c, value)?;
                        let seen = values(c)?;
                        assert!(seen.iter().all(|seen| *seen == value), "{seen:?}");
                        Ok(())
                    });
                    outcome.expect("committed");
                }
            });
        }
    });
    for (context, value) in [(&a, "1"), (&b, "2")] {
        assert_eq!(world.items(context), vec![value; 50].join(","));
    }
}

#[test]
fn what_is_left_on_the_server_is_gone_before_another_client_gets_it() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let (_pooler, config) = pooler(&world);
    let (first, second) = (pool(config.clone()), pool(config));
    for (left, seen, clear) in [
        (
            "SET statement_timeout = '77s'",
            "current_setting('statement_timeout')",
            "0",
        ),
        (
            "SET search_path = public",
            "current_setting('search_path')",
            "tenant_bb, pg_temp",
        ),
        (
            "SELECT pg_advisory_lock(4712)",
            "SELECT count(*) FROM pg_locks WHERE objid = 4712",
            "0",
        ),
        (
            "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
            "SELECT count(*) FROM pg_cursors WHERE name = 'held'",
            "0",
        ),
        (
            "CREATE TEMPORARY TABLE scratch (x int)",
            "SELECT count(*) FROM pg_class WHERE relname = 'scratch'",
            "0",
        ),
        (
            "PREPARE \"od\"\"d\" AS SELECT 1",
            "SELECT count(*) FROM pg_prepared_statements WHERE from_sql",
            "0",
        ),
        (
            "LISTEN gossip",
            "SELECT count(*) FROM pg_listening_channels()",
            "0",
        ),
    ] {
        for fails in [false, true] {
            let outcome = first.tenant(&a, |c| -> Outcome<_> {
                c.batch_execute(left)?;
                if fails {
                    Err(Failure::OnPurpose)
                } else {
                    Ok(backend(c)?)
                }
            });
            assert_eq!(outcome.is_err(), fails, "{left}: {outcome:?}");
            let found = second.tenant(&b, |c| -> Outcome<_> { Ok((ask(c, seen)?, backend(c)?)) });
            let (found, server) = found.expect(left);
            assert_eq!(found.replace('"', ""), clear, "{left}");
            if let Ok(same) = outcome {
                assert_eq!(server, same, "the same server process");
            }
        }
    }
}

#[test]
fn the_control_of_thepooler_a_careless_client_s_setting_reaches_another() {
    let world = World::new();
    let (pooler, _config) = pooler(&world);
    let careless = |sql: &str| {
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{}",
            pooler.port(),
            world.database()
        );
        let mut plain =
            <diesel::PgConnection as diesel::Connection>::establish(&url).expect("connected");
        plain.batch_execute(sql).expect("done");
        ask(&mut plain, "current_setting('search_path')").expect("an answer")
    };
    careless("SET search_path = tenant_of_somebody");
    assert_eq!(careless("SELECT 1"), "tenant_of_somebody");
}

#[test]
fn a_deferred_constraint_is_checked_before_the_cleaning() {
    let world = World::new();
    let a = world.tenant("aa");
    world.sql(
        "CREATE FUNCTION tenant_aa.count_items() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO items (value) VALUES (9); RETURN NULL; END $$; \
         CREATE TABLE tenant_aa.events (x int); \
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON tenant_aa.events DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION tenant_aa.count_items()",
    );
    let (_pooler, config) = pooler(&world);
    let outcome = pool(config).tenant(&a, |c| -> Outcome {
        Ok(c.batch_execute("INSERT INTO events VALUES (1)")?)
    });
    outcome.expect("committed");
    assert_eq!(world.items(&a), "9");
}

#[test]
fn a_raw_commit_is_noticed_behind_a_pooler_too() {
    let world = World::new();
    let a = world.tenant("aa");
    let (_pooler, config) = pooler(&world);
    let pool = pool(config);
    for ending in ["COMMIT", "COMMIT; BEGIN"] {
        let outcome = pool.tenant(&a, |c| -> Outcome { Ok(c.batch_execute(ending)?) });
        assert!(
            matches!(outcome, Err(Failure::Scope(ScopeError::TransactionEnded))),
            "{outcome:?}"
        );
    }
    pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) })
        .expect("it goes on");
}

#[test]
fn a_pooler_that_drops_our_parameter_is_still_found_out() {
    let world = World::new();
    let a = world.tenant("aa");
    let settings = PoolerSettings {
        more: vec![(
            "ignore_startup_parameters".to_owned(),
            "extra_float_digits,options".to_owned(),
        )],
        ..PoolerSettings::default()
    };
    let pooler = PgBouncer::start(world.server(), &settings).expect("a pooler");
    let config: PostgresConfig = pooler
        .database_url(world.database())
        .parse()
        .expect("its URL");
    let pool = pool(config);
    let session = pool.session(&a);
    assert!(
        matches!(session, Err(ScopeError::SessionRefused { .. })),
        "{session:?}"
    );
    pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) })
        .expect("committed");
}

#[test]
fn administrative_work_is_refused_behind_a_pooler() {
    let world = World::new();
    let (_pooler, config) = pooler(&world);
    let refused = config.connect_administrative(std::time::Duration::from_secs(1));
    assert!(matches!(refused, Err(ConnectError::PoolerInBetween { .. })));
}

#[test]
fn a_pooler_can_be_declared() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = pool(world.config().with_pooler(PoolerUse::Pooled));
    let session = pool.session(&a);
    assert!(
        matches!(session, Err(ScopeError::SessionRefused { .. })),
        "{session:?}"
    );
    let (sent, received) = mpsc::channel();
    pool.tenant(&a, |c| -> Outcome {
        sent.send(ask(
            c,
            "SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql",
        )?)
        .expect("received");
        values(c)?;
        Ok(())
    })
    .expect("committed");
    assert_eq!(
        received.recv().expect("sent"),
        "0",
        "Diesel keeps no prepared statement"
    );
}

#[test]
fn a_connection_that_may_have_been_replaced_by_another_is_closed_behind_a_pooler() {
    let world = World::new();
    let a = world.tenant("aa");
    let (_pooler, config) = pooler(&world);
    let pool = pool(config);
    let plain = |expose: bool| {
        let done = pool.tenant(&a, |c| -> Outcome {
            if expose {
                ask(c.without_the_types_guarantee(), "SELECT 1")?;
            }
            Ok(insert(c, 1)?)
        });
        done.expect("committed");
        settle(&pool);
        (pool.statistics().opened, pool.statistics().discarded)
    };
    assert_eq!(plain(false), (1, 0));
    assert_eq!(plain(false), (1, 0), "the control");
    assert_eq!(plain(true), (1, 1));
    assert_eq!(plain(false), (2, 1));
}

#[test]
fn what_a_raw_commit_leaves_on_the_server_is_gone_before_another_client_gets_it() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let (_pooler, config) = pooler(&world);
    let (first, second) = (pool(config.clone()), pool(config));
    for (left, seen, clear) in [
        (
            "SET statement_timeout = '77s'",
            "current_setting('statement_timeout')",
            "0",
        ),
        (
            "SELECT pg_advisory_lock(4713)",
            "SELECT count(*) FROM pg_locks WHERE objid = 4713",
            "0",
        ),
    ] {
        for fails in [false, true] {
            let outcome = first.tenant(&a, |c| -> Outcome {
                let server = backend(c)?;
                c.batch_execute("COMMIT")?;
                c.batch_execute(left)?;
                // The scope isn't left yet, and the pooler hands its server to another.
                std::thread::scope(|threads| {
                    let other = threads.spawn(|| {
                        second.tenant(&b, |c| -> Outcome {
                            assert_eq!(backend(c)?, server, "the same server process");
                            assert_eq!(ask(c, seen)?, clear, "{left}");
                            if fails {
                                Err(Failure::OnPurpose)
                            } else {
                                Ok(())
                            }
                        })
                    });
                    assert_eq!(other.join().expect(left).is_err(), fails);
                });
                Ok(())
            });
            assert!(
                matches!(outcome, Err(Failure::Scope(ScopeError::TransactionEnded))),
                "{outcome:?}"
            );
        }
    }
}
