use diesel::connection::SimpleConnection;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use std::io::Write;
use tenantry::Retry;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry_postgres::{PoolSettings, PoolerUse, TenantPool};

use crate::world::*;

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "state"))]
pub struct StateType;

#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = StateType)]
enum State {
    New,
    Old,
}

impl ToSql<StateType, Pg> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self {
            Self::New => b"new",
            Self::Old => b"old",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<StateType, Pg> for State {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes() {
            b"new" => Ok(Self::New),
            b"old" => Ok(Self::Old),
            _ => Err("an unknown state".into()),
        }
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::StateType;

    states (id) {
        id -> Integer,
        state -> StateType,
    }
}

fn keep<C>(connection: &mut C, state: State) -> QueryResult<Vec<State>>
where
    C: diesel::connection::LoadConnection<Backend = Pg>,
{
    diesel::insert_into(states::table)
        .values(states::state.eq(state))
        .execute(connection)?;
    states::table
        .filter(states::state.eq(state))
        .select(states::state)
        .load(connection)
}

fn with_states(world: &World, slug: &str) -> tenantry::TenantContext {
    let context = world.tenant(slug);
    world.sql(&format!(
        "CREATE TYPE tenant_{slug}.state AS ENUM ('new', 'old'); \
         CREATE TABLE tenant_{slug}.states (id serial PRIMARY KEY, state tenant_{slug}.state)"
    ));
    context
}

#[test]
fn a_tenant_s_own_enum_is_its_own_on_a_connection_that_served_another() {
    let world = World::new();
    let (a, b) = (with_states(&world, "aa"), with_states(&world, "bb"));
    let pool = world.pool(1);
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        for (context, state) in [
            (&a, State::New),
            (&b, State::Old),
            (&a, State::Old),
            (&b, State::New),
        ] {
            let kept = pool.in_tenant(context, mode, |c| -> Outcome<_> { Ok(keep(c, state)?) });
            assert_eq!(kept.expect("kept").last(), Some(&state));
        }
    }
    assert_eq!(pool.statistics().opened, 1, "all on one connection");
}

#[test]
fn a_tenant_s_own_enum_is_its_own_behind_a_pooler_too() {
    let world = World::new();
    let (a, b) = (with_states(&world, "aa"), with_states(&world, "bb"));
    let config = world.config().with_pooler(PoolerUse::Pooled);
    let settings = PoolSettings {
        max_size: 1,
        ..settings()
    };
    let pool = TenantPool::with_settings(config, settings).expect("a pool");
    for (context, state) in [(&a, State::New), (&b, State::Old), (&a, State::Old)] {
        let kept = pool.tenant(context, |c| -> Outcome<_> { Ok(keep(c, state)?) });
        assert_eq!(kept.expect("kept").last(), Some(&state));
    }
    assert_eq!(pool.statistics().opened, 1, "all on one connection");
}

#[test]
fn an_enum_of_the_shared_schema_isn_t_taken_for_a_tenant_s_of_that_name() {
    let world = World::new();
    let a = with_states(&world, "aa");
    world.sql(
        "CREATE TYPE public.state AS ENUM ('new', 'old'); \
         CREATE TABLE public.states (id serial PRIMARY KEY, state public.state)",
    );
    let pool = world.pool(1);
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        let kept = pool.shared(|c| -> Outcome<_> { Ok(keep(c, State::New)?) });
        assert_eq!(kept.expect("kept").last(), Some(&State::New));
        let kept = pool.in_tenant(&a, mode, |c| -> Outcome<_> { Ok(keep(c, State::Old)?) });
        assert_eq!(kept.expect("kept").last(), Some(&State::Old));
    }
    assert_eq!(pool.statistics().opened, 1, "all on one connection");
}

#[test]
fn the_control_of_enums_diesel_alone_confuses_the_types_of_two_tenants() {
    let world = World::new();
    with_states(&world, "aa");
    with_states(&world, "bb");
    let config = world.config();
    let plain = config.connect_administrative(std::time::Duration::from_secs(1));
    let mut plain = plain.expect("connected");
    plain
        .batch_execute("SET search_path = tenant_aa")
        .expect("set");
    keep(&mut plain, State::New).expect("kept");
    plain
        .batch_execute("SET search_path = tenant_bb")
        .expect("set");
    assert!(keep(&mut plain, State::New).is_err());
}

/// Reads all columns, in a statement that Diesel prepares by its type.
fn read_all<C>(connection: &mut C) -> QueryResult<Vec<(i32, i64)>>
where
    C: diesel::connection::LoadConnection<Backend = Pg>,
{
    items::table.load(connection)
}

#[test]
fn tenants_at_different_versions_get_right_rows_or_an_error_that_says_try_again() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    world.sql(
        "INSERT INTO tenant_aa.items (value) VALUES (1); INSERT INTO tenant_bb.items (value) VALUES (2); \
         ALTER TABLE tenant_bb.items ALTER COLUMN id TYPE int, ALTER COLUMN value TYPE numeric",
    );
    let pool = world.pool(1);
    let mut changed = 0;
    for _ in 0..4 {
        let read = pool.tenant(&a, |c| -> Outcome<_> { Ok(read_all(c)?) });
        match read {
            Ok(rows) => assert_eq!(rows, [(1, 1)]),
            Err(error) => changed += is_schema_changed(&error),
        }
        let read = pool.tenant(&b, |c| -> Outcome<_> { Ok(read_all(c)?) });
        match read {
            Err(Failure::Query(diesel::result::Error::DeserializationError(_))) => {}
            Err(error) => changed += is_schema_changed(&error),
            Ok(rows) => panic!("a numeric was read as a bigint: {rows:?}"),
        }
    }
    assert!(changed > 0, "the control: plans did go stale");
}

fn is_schema_changed(error: &Failure) -> u32 {
    match error {
        Failure::Scope(error @ ScopeError::SchemaChanged { .. }) => {
            assert_eq!(error.retry(), Retry::Now);
            1
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_that_was_altered_under_a_prepared_statement_is_told_and_the_next_try_succeeds() {
    let world = World::new();
    let a = world.tenant("aa");
    world.sql("INSERT INTO tenant_aa.items (value) VALUES (1); ALTER TABLE tenant_aa.items ALTER COLUMN value TYPE int");
    let pool = world.pool(1);
    let read = |mode| pool.in_tenant(&a, mode, |c| -> Outcome<_> { Ok(read_all(c)?) });
    for (mode, to) in [
        (ScopeMode::Transaction, "bigint"),
        (ScopeMode::Session, "int"),
    ] {
        let _ = read(mode);
        settle(&pool);
        world.sql(&format!(
            "ALTER TABLE tenant_aa.items ALTER COLUMN value TYPE {to}"
        ));
        let outcome = read(mode);
        assert_eq!(
            is_schema_changed(&outcome.expect_err("the plan is stale")),
            1
        );
        let next = read(mode);
        match to {
            "bigint" => assert_eq!(next.expect("right rows"), [(1, 1)]),
            _ => assert!(matches!(next, Err(Failure::Query(_))), "{next:?}"),
        }
    }
}

#[test]
fn a_type_made_anew_under_a_connection_that_knows_it_is_told_and_the_next_try_succeeds() {
    let world = World::new();
    let a = with_states(&world, "aa");
    let pool = world.pool(1);
    let visit = |mode| pool.in_tenant(&a, mode, |c| -> Outcome<_> { Ok(keep(c, State::New)?) });
    for mode in [ScopeMode::Transaction, ScopeMode::Session] {
        visit(mode).expect("kept");
        settle(&pool);
        world.sql(
            "DROP TABLE tenant_aa.states; DROP TYPE tenant_aa.state; \
             CREATE TYPE tenant_aa.state AS ENUM ('old', 'new'); \
             CREATE TABLE tenant_aa.states (id serial PRIMARY KEY, state tenant_aa.state)",
        );
        let outcome = visit(mode).expect_err("the type is another");
        assert_eq!(is_schema_changed(&outcome), 1, "{mode:?}");
        settle(&pool);
        assert_eq!(visit(mode).expect("kept"), [State::New], "{mode:?}");
        settle(&pool);
    }
}
