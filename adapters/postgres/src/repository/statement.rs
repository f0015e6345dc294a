use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid};

/// A statement of text and values, which Diesel keeps prepared by its text. `sql_query` would be prepared each time,
/// which costs a round trip of its own.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Sql(String),
    Uuid(uuid::Uuid),
    Text(String),
    OptionalText(Option<String>),
    Texts(Vec<String>),
    Number(i64),
    Time(DateTime<Utc>),
    OptionalTime(Option<DateTime<Utc>>),
    Json(serde_json::Value),
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self::default().sql(sql)
    }

    pub(crate) fn sql(self, sql: impl Into<String>) -> Self {
        self.with(Part::Sql(sql.into()))
    }

    pub(crate) fn uuid(self, value: uuid::Uuid) -> Self {
        self.with(Part::Uuid(value))
    }

    pub(crate) fn text(self, value: impl Into<String>) -> Self {
        self.with(Part::Text(value.into()))
    }

    pub(crate) fn optional_text(self, value: Option<&str>) -> Self {
        self.with(Part::OptionalText(value.map(str::to_owned)))
    }

    pub(crate) fn texts(self, values: Vec<String>) -> Self {
        self.with(Part::Texts(values))
    }

    pub(crate) fn number(self, value: i64) -> Self {
        self.with(Part::Number(value))
    }

    pub(crate) fn time(self, value: DateTime<Utc>) -> Self {
        self.with(Part::Time(value))
    }

    pub(crate) fn optional_time(self, value: Option<DateTime<Utc>>) -> Self {
        self.with(Part::OptionalTime(value))
    }

    pub(crate) fn json(self, value: serde_json::Value) -> Self {
        self.with(Part::Json(value))
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Uuid(value) => out.push_bind_param::<Uuid, _>(value)?,
                Part::Text(value) => out.push_bind_param::<Text, _>(value)?,
                Part::OptionalText(value) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                Part::Texts(values) => out.push_bind_param::<Array<Text>, _>(values)?,
                Part::Number(value) => out.push_bind_param::<BigInt, _>(value)?,
                Part::Time(value) => out.push_bind_param::<Timestamptz, _>(value)?,
                Part::OptionalTime(value) => {
                    out.push_bind_param::<Nullable<Timestamptz>, _>(value)?;
                }
                Part::Json(value) => out.push_bind_param::<Jsonb, _>(value)?,
            }
        }
        Ok(())
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Statement {}
