//! A scope is in the schema that it entered, whatever becomes of the name meanwhile.

use std::time::Duration;

use diesel::prelude::*;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry::{Retry, SchemaName, TenantContext};
use tenantry_conformance::servers::{PgBouncer, PoolSettings as PoolerSettings};
use tenantry_postgres::{Eviction, PostgresConfig, evict_parked};

use crate::world::*;

const PATIENCE: Duration = Duration::from_millis(50);

fn operator(world: &World) -> PgConnection {
    let connected = world.config().connect_administrative(PATIENCE);
    connected.expect("connected")
}

fn evict(operator: &mut PgConnection, name: &SchemaName) -> Eviction {
    let evicted = operator.transaction(|c| evict_parked(c, name, PATIENCE));
    evicted.expect("asked")
}

/// What removing a tenant and making another of its slug does.
fn make_anew(world: &World, of: &TenantContext) -> TenantContext {
    let name = of.schema().name;
    let mut operator = operator(world);
    let evicted = operator.transaction(|c| {
        let evicted = evict_parked(c, &name, Duration::from_secs(10))?;
        diesel::sql_query(format!("DROP SCHEMA {name} CASCADE")).execute(c)?;
        QueryResult::Ok(evicted)
    });
    assert_eq!(evicted.expect("evicted"), Eviction::Locked { closed: 1 });
    world.tenant(name.slug().as_str())
}

#[test]
fn a_schema_isn_t_changed_while_a_transaction_is_open_in_it_that_has_touched_nothing_yet() {
    let world = World::new();
    let a = world.tenant("aa");
    let mut operator = operator(&world);
    let pool = world.pool(1);
    let outcome = pool.tenant(&a, |c| -> Outcome {
        assert_eq!(evict(&mut operator, &a.schema().name), Eviction::Busy);
        Ok(insert(c, 1)?)
    });
    outcome.expect("committed");
    assert_eq!(world.items(&a), "1");
    settle(&pool);
    let now = evict(&mut operator, &a.schema().name);
    assert!(matches!(now, Eviction::Locked { .. }), "the control");
}

#[test]
fn a_schema_isn_t_changed_while_a_transaction_is_open_in_it_behind_a_pooler() {
    let world = World::new();
    let a = world.tenant("aa");
    let pooler = PgBouncer::start(world.server(), &PoolerSettings::default()).expect("a pooler");
    let url = pooler.database_url(world.database());
    let config: PostgresConfig = url.parse().expect("its URL");
    let pool = tenantry_postgres::TenantPool::with_settings(config, settings()).expect("a pool");
    let mut operator = operator(&world);
    let outcome = pool.tenant(&a, |c| -> Outcome {
        assert_eq!(evict(&mut operator, &a.schema().name), Eviction::Busy);
        Ok(insert(c, 1)?)
    });
    outcome.expect("committed");
    let now = evict(&mut operator, &a.schema().name);
    assert_eq!(now, Eviction::Locked { closed: 0 }, "the control");
}

#[test]
fn a_session_whose_schema_is_made_anew_writes_nothing_into_the_next_tenant_s() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let mut session = pool.session(&a).expect("entered");
    assert_eq!(pool.statistics().entered_ready, 0, "it was proven");
    insert(&mut *session, 1).expect("inserted");
    let next = make_anew(&world, &a);
    let error = insert(&mut *session, 2).expect_err("the session is ended");
    let explained = session.explain(error);
    assert!(
        matches!(explained, ScopeError::Unavailable { .. }),
        "{explained:?}"
    );
    drop(session);
    assert_eq!(world.items(&next), "");
    pool.tenant(&next, |c| -> Outcome { Ok(insert(c, 3)?) })
        .expect("the pool goes on");
    let outcome = pool.tenant(&a, |c| -> Outcome { Ok(insert(c, 4)?) });
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaForeign { .. }))
        ),
        "{outcome:?}"
    );
    assert_eq!(world.items(&next), "3");
}

#[test]
fn a_schema_that_is_being_changed_is_entered_by_nobody_who_is_told_to_try_again() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    let mut operator = operator(&world);
    let mut served_by = String::new();
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        let locked = operator.transaction(|o| {
            let evicted = evict_parked(o, &a.schema().name, Duration::from_secs(10))?;
            if !matches!(evicted, Eviction::Locked { closed: 0 }) {
                await_end_of_process(&served_by);
            }
            let outcome = pool.in_tenant(&a, mode, |c| -> Outcome { Ok(insert(c, 1)?) });
            match &outcome {
                Err(Failure::Scope(error @ ScopeError::SchemaChanging { schema })) => {
                    assert_eq!((*schema, error.retry()), (a.schema(), Retry::Later));
                }
                other => panic!("{mode:?}: {other:?}"),
            }
            let other = pool.in_tenant(&b, mode, |c| -> Outcome { Ok(insert(c, 2)?) });
            other.expect("another tenant goes on");
            QueryResult::Ok(())
        });
        locked.expect("locked");
        let after = pool.in_tenant(&a, mode, |c| -> Outcome<_> {
            insert(c, 3)?;
            Ok(backend(c)?)
        });
        served_by = after.expect("the change is over");
    }
    assert_eq!(
        (world.items(&a), world.items(&b)),
        ("3,3".into(), "2,2".into())
    );
}

#[test]
fn an_administrative_connection_reads_what_is_committed_whatever_the_default_is() {
    let world = World::new();
    let strict = "-c default_transaction_isolation=serializable";
    let config = world.config().with("options", strict);
    let mut own = config.connect_administrative(PATIENCE).expect("connected");
    let isolation = |c: &mut PgConnection| {
        let asked = "current_setting('transaction_isolation')";
        diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(asked)).get_result::<String>(c)
    };
    assert_eq!(isolation(&mut own).as_deref(), Ok("read committed"));
    let reset = diesel::sql_query("RESET default_transaction_isolation").execute(&mut own);
    reset.expect("reset");
    let default = isolation(&mut own);
    assert_eq!(default.as_deref(), Ok("serializable"), "the control");
}
