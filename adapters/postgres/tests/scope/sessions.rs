use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::CopyFormat;
use diesel::prelude::*;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry_postgres::{Eviction, PoolSettings, TenantPool, evict_parked};

use crate::world::*;

const TRUSTING: Duration = Duration::from_secs(3600);

fn trusting(world: &World, trust: Duration) -> TenantPool {
    world.pool_with(PoolSettings {
        max_size: 1,
        trust,
        ..settings()
    })
}

fn visit(pool: &TenantPool, context: &tenantry::TenantContext) -> Outcome<Vec<i64>> {
    pool.in_tenant(context, ScopeMode::Session, |c| Ok(values(c)?))
}

#[test]
fn each_statement_of_a_session_commits_by_itself() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = world.pool(1);
    let mut session = pool.session(&a).expect("entered");
    insert(&mut *session, 1).expect("inserted");
    assert_eq!(world.items(&a), "1", "others see it at once");
    let rolled_back = session.transaction(|c| -> Outcome {
        insert(c, 2)?;
        Err(Failure::OnPurpose)
    });
    assert!(rolled_back.is_err());
    drop(session);
    assert_eq!(world.items(&a), "1");
}

#[test]
fn a_connection_that_stands_ready_is_entered_without_a_question() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = trusting(&world, TRUSTING);
    visit(&pool, &a).expect("entered");
    settle(&pool);
    assert_eq!(pool.statistics().entered_ready, 0);
    let mut session = pool.session(&a).expect("entered");
    assert_eq!(pool.statistics().entered_ready, 1);
    insert(&mut *session, 5).expect("inserted");
    drop(session);
    assert_eq!(world.items(&a), "5");
    settle(&pool);

    let asking = trusting(&world, Duration::ZERO);
    visit(&asking, &a).expect("entered");
    settle(&asking);
    visit(&asking, &a).expect("entered");
    assert_eq!(asking.statistics().entered_ready, 0, "the control: it asks");
}

#[test]
fn a_schema_dropped_renamed_or_closed_by_hand_under_a_ready_connection_is_a_typed_error() {
    let world = World::new();
    world.sql(&format!("CREATE ROLE host_{} LOGIN", world.database()));
    let role = format!("host_{}", world.database());
    for (slug, by_hand) in [
        ("dropped", "DROP SCHEMA tenant_dropped CASCADE"),
        ("renamed", "ALTER SCHEMA tenant_renamed RENAME TO elsewhere"),
        ("closed", "REVOKE USAGE ON SCHEMA tenant_closed FROM PUBLIC"),
    ] {
        let context = world.tenant(slug);
        world.sql(&format!(
            "GRANT USAGE ON SCHEMA tenant_{slug} TO PUBLIC; \
             GRANT ALL ON ALL TABLES IN SCHEMA tenant_{slug} TO PUBLIC; \
             CREATE TABLE IF NOT EXISTS public.items (id serial, value bigint)"
        ));
        let pool = TenantPool::with_settings(
            world.config().with("user", role.as_str()),
            PoolSettings {
                max_size: 1,
                trust: TRUSTING,
                ..settings()
            },
        );
        let pool = pool.expect("a pool");
        visit(&pool, &context).expect("entered");
        settle(&pool);
        world.sql(by_hand);
        let mut session = pool
            .session(&context)
            .expect("it stands ready, so nothing was asked");
        assert_eq!(pool.statistics().entered_ready, 1);
        let error = insert(&mut *session, 1).expect_err(slug);
        let explained = session.explain(error);
        let expected = match slug {
            "closed" => matches!(explained, ScopeError::SchemaUnusable { .. }),
            _ => matches!(explained, ScopeError::SchemaMissing { .. }),
        };
        assert!(expected, "{slug}: {explained:?}");
        drop(session);
        settle(&pool);
        let outcome = pool.in_tenant(&context, ScopeMode::Session, |c| -> Outcome {
            Ok(insert(c, 1)?)
        });
        assert!(
            matches!(outcome, Err(Failure::Scope(_))),
            "{slug}: {outcome:?}"
        );
        assert_eq!(
            world.sql("SELECT count(*) FROM public.items"),
            "0",
            "nothing was written"
        );
    }
}

#[test]
fn a_closure_s_error_under_a_ready_connection_is_explained() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = trusting(&world, TRUSTING);
    for mode in [ScopeMode::Session, ScopeMode::Transaction] {
        world.sql("ALTER SCHEMA tenant_aa RENAME TO put_away");
        world.sql("ALTER SCHEMA put_away RENAME TO tenant_aa");
        visit(&pool, &a).expect("entered");
        settle(&pool);
        world.sql("ALTER SCHEMA tenant_aa RENAME TO put_away");
        let outcome = pool.in_tenant(&a, mode, |c| -> Outcome { Ok(insert(c, 1)?) });
        assert!(
            matches!(
                outcome,
                Err(Failure::Scope(ScopeError::SchemaMissing { .. }))
            ),
            "{mode:?}: {outcome:?}"
        );
        world.sql("ALTER SCHEMA put_away RENAME TO tenant_aa");
        settle(&pool);
    }
    assert_eq!(world.items(&a), "");
}

#[test]
fn old_trust_is_no_trust() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = trusting(&world, Duration::from_nanos(1));
    visit(&pool, &a).expect("entered");
    settle(&pool);
    world.sql("COMMENT ON SCHEMA tenant_aa IS NULL");
    let outcome = visit(&pool, &a);
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaForeign { .. }))
        ),
        "{outcome:?}"
    );
}

#[test]
fn eviction_takes_every_ready_connection_of_the_schema_and_of_no_other() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool_with(PoolSettings {
        max_size: 2,
        trust: TRUSTING,
        ..settings()
    });
    let mut session = pool.session(&a).expect("entered");
    let evicted_backend = backend(&mut *session).expect("asked");
    drop(session);
    visit(&pool, &b).expect("entered");
    settle(&pool);
    let patience = Duration::from_secs(5);
    let mut operator = world
        .config()
        .connect_administrative(patience)
        .expect("connected");
    let evicted = operator.transaction(|c| {
        let evicted = evict_parked(c, &a.schema().name, patience)?;
        c.batch_execute("DROP SCHEMA tenant_aa CASCADE; CREATE SCHEMA tenant_aa")?;
        QueryResult::Ok(evicted)
    });
    assert_eq!(evicted.expect("evicted"), Eviction::Locked { closed: 1 });
    await_end_of_process(&evicted_backend);
    let outcome = visit(&pool, &a);
    assert!(
        matches!(
            outcome,
            Err(Failure::Scope(ScopeError::SchemaForeign { .. }))
        ),
        "the name stands for another schema now: {outcome:?}"
    );
    assert_eq!(pool.statistics().replaced, 1);
    visit(&pool, &b).expect("entered");
    assert_eq!(
        pool.statistics().entered_ready,
        1,
        "the other still stood ready"
    );
}

#[test]
fn eviction_waits_for_work_and_gives_up() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = trusting(&world, TRUSTING);
    visit(&pool, &a).expect("entered");
    settle(&pool);
    let patience = Duration::from_millis(50);
    let mut operator = world
        .config()
        .connect_administrative(patience)
        .expect("connected");
    let outcome = pool.tenant(&a, |c| -> Outcome {
        let evicted = operator.transaction(|o| evict_parked(o, &a.schema().name, patience))?;
        assert_eq!(evicted, Eviction::Busy);
        Ok(insert(c, 1)?)
    });
    outcome.expect("the work went on");
}

#[test]
fn a_connection_that_comes_back_while_its_schema_is_being_changed_isn_t_made_ready() {
    let world = World::new();
    let a = world.tenant("aa");
    let pool = trusting(&world, TRUSTING);
    let patience = Duration::from_secs(5);
    let mut operator = world
        .config()
        .connect_administrative(patience)
        .expect("connected");
    // The work ends its transaction itself, and with it what keeps others from the schema.
    operator
        .transaction(|o| {
            let outcome = pool.tenant(&a, |c| -> Outcome {
                c.batch_execute("ROLLBACK")?;
                let evicted = evict_parked(o, &a.schema().name, patience)?;
                assert_eq!(evicted, Eviction::Locked { closed: 0 });
                Err(Failure::OnPurpose)
            });
            assert!(matches!(outcome, Err(Failure::OnPurpose)), "{outcome:?}");
            settle(&pool);
            QueryResult::Ok(())
        })
        .expect("locked");
    visit(&pool, &a).expect("entered");
    assert_eq!(pool.statistics().entered_ready, 0);
    settle(&pool);
    visit(&pool, &a).expect("entered");
    assert_eq!(pool.statistics().entered_ready, 1, "the control");
}

#[test]
fn a_copy_under_a_ready_connection_whose_schema_is_gone_is_explained() {
    let world = World::new();
    let a = world.tenant("aa");
    for to_the_server in [false, true] {
        let pool = trusting(&world, TRUSTING);
        visit(&pool, &a).expect("entered");
        settle(&pool);
        world.sql("ALTER SCHEMA tenant_aa RENAME TO put_away");
        let outcome = pool.in_tenant(&a, ScopeMode::Session, |c| -> Outcome {
            if to_the_server {
                let rows = vec![(items::value.eq(1),)];
                let copy = diesel::copy_from(items::table).from_insertable(rows);
                copy.execute(c)?;
            } else {
                c.copy_out((items::value,), CopyFormat::Csv)?;
            }
            Ok(())
        });
        assert_eq!(pool.statistics().entered_ready, 1);
        assert!(
            matches!(
                outcome,
                Err(Failure::Scope(ScopeError::SchemaMissing { .. }))
            ),
            "{to_the_server}: {outcome:?}"
        );
        world.sql("ALTER SCHEMA put_away RENAME TO tenant_aa");
    }
}
