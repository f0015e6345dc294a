use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tenantry::Retry;
use tenantry::ports::ScopeError;
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PoolSettings, PostgresConfig, TenantPool};

use crate::world::*;

#[test]
fn one_tenant_can_t_take_the_whole_pool() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool_with(PoolSettings {
        max_size: 2,
        per_tenant: Some(1),
        acquire_timeout: Duration::from_millis(100),
        ..settings()
    });
    let (entered, has_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        let (pool, a) = (&pool, &a);
        threads.spawn(move || {
            pool.tenant(a, |_| -> Outcome {
                entered.send(()).expect("the test listens");
                may_leave.recv().expect("the test answers");
                Ok(())
            })
        });
        has_entered.recv().expect("the first is inside");
        let second = pool.tenant(a, |_| -> Outcome { Ok(()) });
        match second {
            Err(Failure::Scope(
                ref error @ ScopeError::TenantLimit {
                    tenant,
                    limit,
                    waited,
                },
            )) => {
                assert_eq!((tenant, limit), (a.id(), 1));
                assert!(waited >= Duration::from_millis(100));
                assert_eq!(error.retry(), Retry::Later);
            }
            other => panic!("{other:?}"),
        }
        pool.tenant(&b, |_| -> Outcome { Ok(()) })
            .expect("there is room for another");
        leave.send(()).expect("it waits");
    });
    pool.tenant(&a, |_| -> Outcome { Ok(()) })
        .expect("the share is free again");
}

#[test]
fn a_full_pool_is_a_typed_error_after_the_wait() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool_with(PoolSettings {
        max_size: 1,
        acquire_timeout: Duration::from_millis(50),
        ..settings()
    });
    let outcome = pool.tenant(&a, |_| -> Outcome {
        let other = std::thread::scope(|threads| {
            let other = threads.spawn(|| pool.tenant(&b, |_| -> Outcome { Ok(()) }));
            other.join().expect("no panic")
        });
        match other {
            Err(Failure::Scope(ScopeError::PoolExhausted { size: 1, waited })) => {
                assert!(waited >= Duration::from_millis(50));
                Ok(())
            }
            other => panic!("{other:?}"),
        }
    });
    outcome.expect("the first is fine");
    pool.tenant(&b, |_| -> Outcome { Ok(()) })
        .expect("there is room again");
}

#[test]
fn a_tenant_gets_the_connection_that_stands_in_its_schema() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(2);
    let server = |context| {
        let served_by = pool.tenant(context, |c| -> Outcome<_> { Ok(backend(c)?) });
        settle(&pool);
        served_by.expect("entered")
    };
    let (of_a, of_b) = (server(&a), server(&b));
    assert_ne!(
        of_a, of_b,
        "an unused connection is rather taken than another tenant's"
    );
    for _ in 0..3 {
        assert_eq!((server(&a), server(&b)), (of_a.clone(), of_b.clone()));
    }
}

#[test]
fn a_connection_takes_no_tenant_beyond_its_number() {
    let world = World::new();
    let tenants: Vec<_> = (0..5).map(|n| world.tenant(&format!("t{n}"))).collect();
    let pool = world.pool_with(PoolSettings {
        max_size: 1,
        tenants_per_connection: 2,
        ..settings()
    });
    let mut servers = Vec::new();
    for context in tenants.iter().flat_map(|context| [context, context]) {
        let served_by = pool.tenant(context, |c| -> Outcome<_> { Ok(backend(c)?) });
        servers.push(served_by.expect("entered"));
    }
    let distinct: HashSet<_> = servers.iter().collect();
    assert_eq!(
        distinct.len(),
        3,
        "two tenants each, and the fifth alone: {servers:?}"
    );
    assert_eq!(pool.statistics().recycled, 2);
    assert_eq!(pool.statistics().size, 1);
}

#[test]
fn an_old_connection_is_closed_when_it_comes_back() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool_with(PoolSettings {
        max_size: 1,
        max_lifetime: Duration::ZERO,
        ..settings()
    });
    let server = || {
        pool.tenant(&a, |c| -> Outcome<_> { Ok(backend(c)?) })
            .expect("entered")
    };
    assert_ne!(server(), server());
    settle(&pool);
    assert_eq!((pool.statistics().recycled, pool.statistics().size), (2, 0));
}

#[test]
fn many_threads_and_tenants_on_few_connections_keep_every_sum_their_own() {
    const TENANTS: usize = 12;
    const THREADS: usize = 8;
    const ROUNDS: usize = 40;
    let world = World::new();
    let tenants: Vec<_> = (0..TENANTS)
        .map(|n| world.tenant(&format!("t{n}")))
        .collect();
    let pool = world.pool_with(PoolSettings {
        max_size: 4,
        acquire_timeout: Duration::from_secs(30),
        ..settings()
    });
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let (pool, tenants) = (&pool, &tenants);
            threads.spawn(move || {
                for round in 0..ROUNDS {
                    let nth = (thread * 7 + round * 5) % TENANTS;
                    let value = i64::try_from(nth).expect("small");
                    let outcome = pool.tenant(&tenants[nth], |c| -> Outcome {
                        insert(c, value)?;
                        assert!(values(c)?.iter().all(|seen| *seen == value));
                        if round % 3 == 0 {
                            Err(Failure::OnPurpose)
                        } else {
                            Ok(())
                        }
                    });
                    assert_eq!(outcome.is_err(), round % 3 == 0, "{outcome:?}");
                }
            });
        }
    });
    let committed: usize = tenants
        .iter()
        .map(|t| world.items(t).split(',').filter(|v| !v.is_empty()).count())
        .sum();
    assert_eq!(
        committed,
        THREADS * (0..ROUNDS).filter(|round| round % 3 != 0).count()
    );
    for (nth, context) in tenants.iter().enumerate() {
        let nth = nth.to_string();
        assert!(
            world
                .items(context)
                .split(',')
                .all(|value| value.is_empty() || value == nth)
        );
    }
    assert!(pool.statistics().size <= 4);
}

#[test]
fn a_dropped_pool_closes_its_connections_and_ends_its_thread() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(2);
    let server = pool
        .tenant(&a, |c| -> Outcome<_> { Ok(backend(c)?) })
        .expect("entered");
    let alive = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {server}");
    assert_eq!(world.sql(&alive), "1");
    drop(pool);
    until("the server process ends", || world.sql(&alive) == "0");
}

#[test]
fn a_server_that_dies_and_comes_back_is_typed_and_the_pool_goes_on() {
    let server = Postgres::builder().durable(true).start();
    let server = server.expect("a server of the test's own");
    let name = server.create_named_database().expect("a database");
    let config: PostgresConfig = server.database_url(&name).parse().expect("its URL");
    let a = context("aa");
    let set_up = format!(
        "CREATE SCHEMA tenant_aa; COMMENT ON SCHEMA tenant_aa IS '{}'; \
         CREATE TABLE tenant_aa.items (id serial PRIMARY KEY, value bigint)",
        tenantry_postgres::mark_of(a.id())
    );
    server.run_sql(&name, &set_up).expect("set up");
    let pool = TenantPool::with_settings(config, settings()).expect("a pool");
    let visit = || pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 1)?) });
    visit().expect("committed");
    settle(&pool);
    server.crash().expect("stopped");
    let outcome = visit();
    match &outcome {
        Err(Failure::Scope(error @ ScopeError::Unavailable { .. })) => {
            assert_eq!(error.retry(), Retry::Later);
        }
        other => panic!("{other:?}"),
    }
    server.start_again().expect("started");
    until("it goes on", || visit().is_ok());
    assert!(pool.statistics().size <= settings().max_size);
    // A restart while the connection lies on the shelf is not even noticed.
    settle(&pool);
    server.restart().expect("restarted");
    visit().expect("a dead connection is replaced");
    assert!(pool.statistics().replaced >= 1);
}

#[test]
fn an_old_failure_isn_t_told_as_today_s_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let hangs_up = Arc::new(AtomicBool::new(true));
    let does = Arc::clone(&hangs_up);
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for client in listener.incoming() {
            if !does.load(Ordering::SeqCst) {
                kept.push(client);
            }
        }
    });
    let config: PostgresConfig = format!("postgres://app@127.0.0.1:{port}/shop?sslmode=disable")
        .parse()
        .expect("a URL");
    let impatient = PoolSettings {
        max_size: 1,
        acquire_timeout: Duration::from_millis(500),
        ..settings()
    };
    let pool = TenantPool::with_settings(config, impatient).expect("a pool");
    let cause = || match pool.tenant(&context("aa"), |_| -> Outcome { Ok(()) }) {
        Err(Failure::Scope(ScopeError::Unavailable { source })) => source.to_string(),
        other => panic!("{other:?}"),
    };
    until("a connection is refused", || {
        cause().contains("can't connect")
    });
    hangs_up.store(false, Ordering::SeqCst);
    until("nothing is heard at all", || {
        cause() == "no connection was opened in time"
    });
}

#[test]
fn no_password_is_in_any_error() {
    let config: PostgresConfig = "postgres://app:hunter2@127.0.0.1:1/shop"
        .parse()
        .expect("a URL");
    let pool = TenantPool::with_settings(config, settings()).expect("a pool");
    let outcome = pool.tenant(&context("aa"), |_| -> Outcome { Ok(()) });
    let Err(Failure::Scope(error @ ScopeError::Unavailable { .. })) = outcome else {
        panic!("{outcome:?}");
    };
    let mut text = format!("{error:?} {pool:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        text += &error.to_string();
        cause = error.source();
    }
    assert!(
        text.contains("127.0.0.1") && !text.contains("hunter2"),
        "{text}"
    );
}
