use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry::Tenant;
use tenantry::tables::{
    Cell, ColumnDeclaration, ColumnKind, Direction, Filter, Row, TableDeclaration, TablePage,
};

use super::failing::is_about_the_question;
use super::wanted::{Wanted, words_of};
use crate::pages::failure::{Failure, sentence_of};
use crate::pages::html::Page;
use crate::pages::shell::{Place, Section, Shell};
use crate::pages::tenants::Chosen;
use crate::pages::words::tone_of;

/// Some of a table's rows.
pub(in crate::pages) async fn browse(
    Path((_, table)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    chosen: Chosen,
) -> Result<Response, Failure> {
    let browser = chosen.browser()?;
    let table = Arc::clone(browser.table(&table)?);
    let wanted = Wanted::of(query.as_deref());
    let actor = chosen.visit.operator.actor();
    let found = browser
        .page(&chosen.tenant, actor, &wanted.query(&table))
        .await;
    let (found, problem) = match found {
        Ok(page) => (page, None),
        Err(error) if is_about_the_question(&error) => {
            (nothing(), Some(sentence_of(&full(&error))))
        }
        Err(error) => return Err(error.into()),
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(Page(
        status,
        RowsPage::new(&chosen, &table, &wanted, found, problem),
    )
    .into_response())
}

#[derive(Template)]
#[template(path = "tables/rows.html")]
struct RowsPage {
    shell: Shell,
    tenant: Tenant,
    label: String,
    /// The page of all rows.
    action: String,
    csv: String,
    add: Option<String>,
    problem: Option<String>,
    /// What the form for one more filter keeps of the query.
    kept: Vec<(&'static str, String)>,
    conditions: Vec<Conditions>,
    filters: Vec<ShownFilter>,
    columns: Vec<Column>,
    rows: Vec<ShownRow>,
    first: Option<String>,
    next: Option<String>,
}

/// What a column can be filtered by.
struct Conditions {
    label: String,
    options: Vec<(String, String)>,
}

struct ShownFilter {
    text: String,
    without: String,
}

struct Column {
    label: String,
    is_number: bool,
    sort: Option<String>,
    order: Option<&'static str>,
}

struct ShownRow {
    cells: Vec<ShownCell>,
}

struct ShownCell {
    text: String,
    href: Option<String>,
    is_number: bool,
    is_null: bool,
}

impl RowsPage {
    fn new(
        chosen: &Chosen,
        table: &TableDeclaration,
        wanted: &Wanted,
        found: TablePage,
        problem: Option<String>,
    ) -> Self {
        let action = chosen.table_at(table, "");
        let at = |wanted: &Wanted| format!("{action}{}", wanted.to_query());
        let first = wanted.first_page();
        let filters = wanted.filters().iter().enumerate();
        let columns = table.columns();
        Self {
            shell: chosen
                .visit
                .in_tenant(&chosen.tenant, Place::Tenant(Section::Tables)),
            tenant: chosen.tenant.clone(),
            label: table.label().into(),
            csv: chosen.table_at(table, &format!("/rows.csv{}", first.to_query())),
            add: (chosen.may_edit() && table.is_insertable())
                .then(|| chosen.table_at(table, "/new")),
            problem,
            kept: first.pairs(),
            conditions: columns.iter().filter_map(Conditions::of).collect(),
            filters: filters
                .map(|(number, filter)| ShownFilter {
                    text: text_of(table, filter),
                    without: at(&wanted.without(number)),
                })
                .collect(),
            columns: columns
                .iter()
                .map(|column| Column::of(column, wanted, &at))
                .collect(),
            rows: found
                .rows
                .iter()
                .map(|row| ShownRow::of(row, table, chosen))
                .collect(),
            first: (!wanted.is_first_page()).then(|| at(&first)),
            next: found.next.map(|cursor| at(&wanted.after(&cursor))),
            action,
        }
    }
}

impl Conditions {
    fn of(column: &ColumnDeclaration) -> Option<Self> {
        let label = column.label();
        let options = column.operators().iter().map(|operator| {
            let value = format!("{}:{operator}", column.name());
            (value, format!("{label} {}", words_of(*operator)))
        });
        let options: Vec<_> = options.collect();
        (!options.is_empty()).then(|| Self {
            label: label.into(),
            options,
        })
    }
}

impl Column {
    fn of(column: &ColumnDeclaration, wanted: &Wanted, at: &impl Fn(&Wanted) -> String) -> Self {
        let name = column.name().as_str();
        let order = wanted.order_of(name).map(|direction| match direction {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        });
        Self {
            label: column.label().into(),
            is_number: is_number(column),
            sort: column.is_sortable().then(|| at(&wanted.sorted_by(name))),
            order,
        }
    }

    fn arrow(&self) -> &'static str {
        match self.order {
            Some("ascending") => "↑",
            Some(_) => "↓",
            None => "",
        }
    }
}

impl ShownRow {
    /// The first column of the key leads to the row.
    fn of(row: &Row, table: &TableDeclaration, chosen: &Chosen) -> Self {
        let key = table.key().next().map(ColumnDeclaration::name);
        let cells = table.columns().iter().zip(&row.cells);
        let cells = cells.map(|(column, cell)| ShownCell {
            href: (key == Some(column.name()))
                .then(|| chosen.table_at(table, &format!("/row/{}", row.key))),
            text: cell.marked().unwrap_or_default(),
            is_number: is_number(column),
            is_null: is_null(cell),
        });
        Self {
            cells: cells.collect(),
        }
    }
}

fn nothing() -> TablePage {
    TablePage {
        rows: Vec::new(),
        next: None,
    }
}

pub(super) fn is_null(cell: &Cell) -> bool {
    cell.shown().is_none()
}

fn is_number(column: &ColumnDeclaration) -> bool {
    matches!(column.kind(), ColumnKind::Integer | ColumnKind::Decimal)
}

fn text_of(table: &TableDeclaration, filter: &Filter) -> String {
    let label = table
        .column(&filter.column)
        .map_or(filter.column.as_str(), |column| column.label());
    let words = words_of(filter.operator);
    match &filter.value {
        Some(value) => format!("{label} {words} {value}"),
        None => format!("{label} {words}"),
    }
}

/// The error with what it comes from, as one text.
pub(super) fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
