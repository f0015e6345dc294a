//! Values that a statement binds, and texts that it gives.

use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Double, Text};
use diesel::sqlite::Sqlite;
use tenantry::tables::Value;

/// A text of SQL and the values that it binds, in their order.
#[derive(Debug, Default)]
pub(super) struct Statement {
    text: String,
    bound: Vec<Bound>,
}

/// A value as SQLite keeps it.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Null,
    Text(String),
    Integer(i64),
    Real(f64),
    Bytes(Vec<u8>),
}

impl Statement {
    pub(super) fn new(sql: impl AsRef<str>) -> Self {
        let mut statement = Self::default();
        statement.sql(sql);
        statement
    }

    pub(super) fn sql(&mut self, sql: impl AsRef<str>) {
        self.text.push_str(sql.as_ref());
    }

    pub(super) fn bind(&mut self, value: Bound) {
        if matches!(value, Bound::Null) {
            self.sql("NULL");
            return;
        }
        self.sql("?");
        self.bound.push(value);
    }

    /// It isn't kept prepared: there are as many as there are tables and filters.
    pub(super) fn query(self) -> BoxedSqlQuery<'static, Sqlite, diesel::query_builder::SqlQuery> {
        let query = sql_query(self.text).into_boxed::<Sqlite>();
        self.bound
            .into_iter()
            .fold(query, |query, bound| match bound {
                Bound::Null => query,
                Bound::Text(text) => query.bind::<Text, _>(text),
                Bound::Integer(number) => query.bind::<BigInt, _>(number),
                Bound::Real(number) => query.bind::<Double, _>(number),
                Bound::Bytes(bytes) => query.bind::<Binary, _>(bytes),
            })
    }
}

impl Bound {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(*number),
            Value::Boolean(truth) => Self::Integer(i64::from(*truth)),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Decimal(number) => match (number.as_str().parse(), number.as_str().parse()) {
                (Ok(whole), _) => Self::Integer(whole),
                (_, Ok(real)) => Self::Real(real),
                (Err(_), Err(_)) => Self::Text(number.as_str().into()),
            },
            other => Self::Text(other.to_text().unwrap_or_default()),
        }
    }
}

/// SQLite's way to write what is greater than any number.
pub(super) fn infinite(text: String) -> String {
    match text.as_str() {
        "Inf" => "Infinity".into(),
        "-Inf" => "-Infinity".into(),
        _ => text,
    }
}

/// A number as text that means exactly the same.
pub(super) fn exactly(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into();
    }
    format!("{number:e}")
}
