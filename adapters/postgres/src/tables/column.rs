//! How a column is written in SQL. The table goes by the name `t`.

use tenantry::tables::{CellLimit, ColumnDeclaration, ColumnKind, PagePlan, Value};

use super::catalog::Type;
use crate::repository::statement::Statement;

/// A column and what it is in this tenant's schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'c> {
    pub(super) declared: &'c ColumnDeclaration,
    pub(super) of: &'c Type,
}

/// What a column is compared by, and the type of what it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) expression: String,
    with: String,
}

/// How much of a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// What a cursor holds of it.
    Beginning,
}

impl Column<'_> {
    fn named(self) -> String {
        format!("t.{}", self.declared.name().quoted())
    }

    fn as_text(self) -> String {
        format!("{}::pg_catalog.text", self.named())
    }

    /// Its value as text, and no more of it than tells whether it has to be cut.
    pub(super) fn shown(self, limit: CellLimit) -> String {
        match self.declared.kind() {
            ColumnKind::Bytes => format!(
                "pg_catalog.encode(pg_catalog.substring({}, 1, {}), 'hex')",
                self.named(),
                limit.number()
            ),
            _ => format!(
                "pg_catalog.left({}, {})",
                self.as_text(),
                u64::from(limit.number()) + 1
            ),
        }
    }

    /// How many bytes its value has.
    pub(super) fn length(self) -> String {
        let whole = match self.declared.kind() {
            ColumnKind::Bytes => self.named(),
            _ => self.as_text(),
        };
        format!("coalesce(pg_catalog.octet_length({whole}), 0)")
    }

    /// What it is compared by. A type that isn't PostgreSQL's own may have its operators off the path, so it is compared as what
    /// its values are declared to be.
    pub(super) fn compared(self, extent: Extent) -> Compared {
        let (expression, with) = match (self.declared.kind(), self.of.built_in.as_deref()) {
            (ColumnKind::Text, built_in) => (self.compared_text(built_in, extent), "text"),
            (ColumnKind::Integer, Some(_)) => (self.named(), "int8"),
            // A float is compared with a float: the number in between would be another.
            (ColumnKind::Decimal, Some("float4")) => (self.named(), "float4"),
            (ColumnKind::Decimal, Some("float8")) => (self.named(), "float8"),
            (ColumnKind::Decimal, Some(_)) => (self.named(), "numeric"),
            (ColumnKind::Timestamp, Some("timestamptz")) => (self.named(), "timestamptz"),
            (ColumnKind::Timestamp, Some(_)) => (self.named(), "timestamp"),
            (ColumnKind::Boolean, Some(_)) => (self.named(), "bool"),
            (ColumnKind::Uuid, Some(_)) => (self.named(), "uuid"),
            (kind, _) => {
                let with = kind_type(kind);
                (format!("{}::pg_catalog.{with}", self.named()), with)
            }
        };
        Compared {
            expression,
            with: format!("pg_catalog.{with}"),
        }
    }

    fn compared_text(self, built_in: Option<&str>, extent: Extent) -> String {
        let begun = |text: String| match extent {
            Extent::Whole => text,
            Extent::Beginning => {
                format!("pg_catalog.left({text}, {})", PagePlan::SORTED_CHARACTERS)
            }
        };
        match built_in {
            Some("text" | "varchar") if extent == Extent::Whole => self.named(),
            Some("text" | "varchar" | "bpchar") => begun(self.as_text()),
            _ => format!("{} COLLATE \"C\"", begun(format!("({})", self.as_text()))),
        }
    }

    /// An expression that is true if the text has this in it, whose ASCII letters are lower-case.
    pub(super) fn contains(self, statement: Statement, part: &str) -> Statement {
        statement
            .sql(format!(
                "pg_catalog.strpos(pg_catalog.lower({} COLLATE \"C\"), ",
                self.as_text()
            ))
            .text(part)
            .sql(") > 0")
    }

    /// A value for it.
    pub(super) fn given(self, statement: Statement, value: &Value) -> Statement {
        let Some(text) = value.to_text() else {
            return statement.sql("NULL");
        };
        match self.declared.kind() {
            ColumnKind::Bytes => statement
                .sql("pg_catalog.decode(")
                .text(text)
                .sql(", 'hex')"),
            _ => statement
                .sql("CAST(")
                .text(text)
                .sql(format!(" AS {})", self.of.written)),
        }
    }
}

impl Compared {
    /// A value that it is compared with. None is null.
    pub(super) fn value(&self, statement: Statement, value: &Value) -> Statement {
        statement
            .sql("CAST(")
            .text(value.to_text().unwrap_or_default())
            .sql(format!(" AS {})", self.with))
    }

    /// Its value as text, for a cursor or a key.
    pub(super) fn as_text(&self) -> String {
        format!("({})::pg_catalog.text", self.expression)
    }
}

fn kind_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Integer => "int8",
        ColumnKind::Decimal => "numeric",
        ColumnKind::Boolean => "bool",
        ColumnKind::Timestamp => "timestamptz",
        ColumnKind::Uuid => "uuid",
        ColumnKind::Json => "jsonb",
        ColumnKind::Bytes => "bytea",
    }
}
