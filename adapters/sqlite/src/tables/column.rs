//! How a column is written in SQL.

use tenantry::tables::{
    CellLimit, ColumnDeclaration, ColumnKind, PagePlan, TableDeclaration, Value,
};

use super::value::{Bound, Statement};

/// A column and how this tenant's file keeps it.
#[derive(Clone, Copy)]
pub(super) struct Column<'c> {
    pub(super) table: &'c TableDeclaration,
    pub(super) declared: &'c ColumnDeclaration,
    pub(super) of_text: bool,
}

/// What a column is compared by.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    pub(super) expression: String,
    kind: ColumnKind,
}

/// How much of a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// What a cursor holds of it.
    Beginning,
}

/// Times are compared to the millisecond, whichever way they are written.
const MILLISECONDS: &str = "%Y-%m-%d %H:%M:%f";

impl Column<'_> {
    /// With its table's name: a quoted name alone would be a text, if there were no such column.
    pub(super) fn named(self) -> String {
        let (table, column) = (self.table.name().quoted(), self.declared.name().quoted());
        format!("{table}.{column}")
    }

    /// Its value as text, and no more of it than tells whether it has to be cut.
    pub(super) fn shown(self, limit: CellLimit) -> String {
        let (named, most) = (self.named(), limit.number());
        if self.declared.kind() == ColumnKind::Bytes {
            return format!(
                "CASE WHEN {named} IS NOT NULL THEN lower(hex(substr(CAST({named} AS BLOB), 1, {most}))) END"
            );
        }
        format!(
            "CASE typeof({named}) WHEN 'real' THEN {} \
             WHEN 'blob' THEN lower(hex(substr({named}, 1, {most}))) \
             ELSE substr(CAST({named} AS TEXT), 1, {}) END",
            shortly(&named),
            u64::from(most) + 1
        )
    }

    /// How many bytes its value has.
    pub(super) fn length(self) -> String {
        format!("coalesce(length(CAST({} AS BLOB)), 0)", self.named())
    }

    /// What it is compared by.
    pub(super) fn compared(self, extent: Extent) -> Compared {
        let named = self.named();
        let kind = self.declared.kind();
        let expression = match kind {
            ColumnKind::Text if self.of_text && extent == Extent::Whole => named,
            ColumnKind::Text if extent == Extent::Whole => format!("CAST({named} AS TEXT)"),
            ColumnKind::Text => format!(
                "substr(CAST({named} AS TEXT), 1, {})",
                PagePlan::SORTED_CHARACTERS
            ),
            ColumnKind::Decimal if self.of_text => format!("CAST({named} AS NUMERIC)"),
            ColumnKind::Timestamp => format!("strftime('{MILLISECONDS}', {named})"),
            _ => named,
        };
        Compared { expression, kind }
    }

    /// An expression that is true if the text has this in it, whose ASCII letters are lower-case.
    pub(super) fn contains(self, statement: &mut Statement, part: &str) {
        statement.sql(format!("instr(lower(CAST({} AS TEXT)), ", self.named()));
        statement.bind(Bound::Text(part.into()));
        statement.sql(") > 0");
    }

    /// A value for it, as Diesel writes its kind.
    pub(super) fn given(self, statement: &mut Statement, value: &Value) {
        statement.bind(match value {
            Value::Decimal(number) if self.of_text => Bound::Text(number.as_str().into()),
            Value::Timestamp(time) => Bound::Text(time.format("%Y-%m-%d %H:%M:%S%.f").to_string()),
            other => Bound::of(other),
        });
    }
}

impl Compared {
    /// A value that it is compared with.
    pub(super) fn value(&self, statement: &mut Statement, value: &Value) {
        if self.kind == ColumnKind::Timestamp {
            statement.sql(format!("strftime('{MILLISECONDS}', "));
            statement.bind(Bound::of(value));
            statement.sql(")");
        } else {
            statement.bind(Bound::of(value));
        }
    }

    /// Its value as text, for a cursor or a key. A number with a fraction that SQLite doesn't write exactly has none.
    pub(super) fn as_text(&self) -> String {
        let expression = &self.expression;
        format!(
            "CASE WHEN typeof({expression}) <> 'real' THEN CAST({expression} AS TEXT) \
             WHEN CAST({0} AS REAL) = {expression} THEN {0} END",
            shortly(expression)
        )
    }

    /// Its value, if it is a number with a fraction.
    pub(super) fn as_real(&self) -> String {
        let expression = &self.expression;
        format!("CASE WHEN typeof({expression}) = 'real' THEN {expression} END")
    }
}

/// A number with a fraction in as few digits as mean the same, or nearly.
fn shortly(expression: &str) -> String {
    format!(
        "CASE WHEN CAST(printf('%!.15g', {expression}) AS REAL) = {expression} \
         THEN printf('%!.15g', {expression}) ELSE printf('%!.17g', {expression}) END"
    )
}
