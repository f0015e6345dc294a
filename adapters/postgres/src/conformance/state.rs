use std::io::Write;

use diesel::connection::LoadConnection;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "state"))]
pub struct StateType;

/// A value of the tenant's own enum.
#[derive(Clone, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = StateType)]
pub(super) struct State(pub(super) String);

impl ToSql<StateType, Pg> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<StateType, Pg> for State {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(std::str::from_utf8(bytes.as_bytes())?.to_owned()))
    }
}

diesel::table! {
    use super::StateType;

    states (state) {
        state -> StateType,
    }
}

/// Writes a state, bound as the enum, and reads all of them.
pub(super) fn keep<C>(connection: &mut C, state: &State) -> QueryResult<Vec<State>>
where
    C: LoadConnection<Backend = Pg>,
{
    diesel::insert_into(states::table)
        .values(states::state.eq(state))
        .execute(connection)?;
    states::table.select(states::state).load(connection)
}
