use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry::Tenant;
use tenantry::tables::{
    Cell, ColumnDeclaration, ColumnKind, RowKey, RowRead, TableDeclaration, Value, Writable,
};

use crate::access::Right;
use crate::pages::failure::{Failure, sentence_of};
use crate::pages::form::Form;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Section, Shell};
use crate::pages::tenants::Chosen;
use crate::pages::words::tone_of;
use crate::refusal::Refusal;

/// What is longer has room of its own.
const LONG: usize = 80;

/// One row, with a form for what may be changed.
pub(in crate::pages) async fn show(
    Path((_, table, key)): Path<(String, String, String)>,
    chosen: Chosen,
) -> Result<Page<RowPage>, Failure> {
    let (table, read) = read(&chosen, &table, &key).await?;
    Ok(Page::ok(RowPage::of(&chosen, &table, &read)))
}

/// The form of a new row.
pub(in crate::pages) async fn blank(
    Path((_, table)): Path<(String, String)>,
    chosen: Chosen,
) -> Result<Page<RowPage>, Failure> {
    chosen.visit.demand(Right::Edit)?;
    let table = Arc::clone(chosen.browser()?.table(&table)?);
    if !table.is_insertable() {
        return Err(Refusal::PathUnknown.into());
    }
    Ok(Page::ok(RowPage::blank(&chosen, &table)))
}

/// The row that a path names.
pub(super) async fn read(
    chosen: &Chosen,
    table: &str,
    key: &str,
) -> Result<(Arc<TableDeclaration>, RowRead), Failure> {
    let browser = chosen.browser()?;
    let declared = Arc::clone(browser.table(table)?);
    let (actor, key) = (chosen.visit.operator.actor(), RowKey::from_text(key));
    let read = browser.row(&chosen.tenant, actor, table, &key).await?;
    match read {
        Some(read) => Ok((declared, read)),
        None => Err(Failure::new(
            StatusCode::NOT_FOUND,
            "row_not_found",
            "there is no such row, or not any more",
        )),
    }
}

#[derive(Template)]
#[template(path = "tables/row.html")]
pub(in crate::pages) struct RowPage {
    shell: Shell,
    tenant: Tenant,
    label: String,
    title: String,
    lead: Option<&'static str>,
    back: String,
    pub(super) problem: Option<String>,
    /// What is shown only.
    facts: Vec<Fact>,
    save: Option<String>,
    version: Option<String>,
    verb: &'static str,
    pub(super) fields: Vec<ValueField>,
    delete: Option<String>,
}

struct Fact {
    label: String,
    value: Option<String>,
    is_long: bool,
}

/// A value that can be given.
pub(super) struct ValueField {
    pub(super) name: String,
    label: String,
    of: ColumnKind,
    kind: &'static str,
    pub(super) value: String,
    pub(super) is_null: bool,
    is_long: bool,
    wrong: Option<String>,
}

impl RowPage {
    /// The page of a row that is there.
    pub(super) fn of(chosen: &Chosen, table: &TableDeclaration, read: &RowRead) -> Self {
        let (row, may_edit) = (&read.row, chosen.may_edit());
        let at = |below: &str| chosen.table_at(table, &format!("/row/{}{below}", row.key));
        let (mut facts, mut fields) = (Vec::new(), Vec::new());
        for (column, cell) in table.columns().iter().zip(&row.cells) {
            // What was cut was never seen whole, and isn't to be lost.
            let whole = matches!(cell, Cell::Value(_));
            if may_edit && whole && column.writable() == Writable::Always {
                fields.push(ValueField::of(column, cell));
            } else {
                facts.push(Fact::of(column, cell));
            }
        }
        Self {
            title: format!("{} {}", table.label(), shown_key(table, read)),
            lead: None,
            save: (!fields.is_empty()).then(|| at("")),
            version: Some(read.version.to_string()),
            verb: "Save",
            facts,
            fields,
            delete: (may_edit && table.is_deletable()).then(|| at("/delete")),
            ..Self::frame(chosen, table)
        }
    }

    /// The page of a row that is to be.
    pub(super) fn blank(chosen: &Chosen, table: &TableDeclaration) -> Self {
        let columns = table.columns().iter();
        let fields = columns
            .filter(|column| column.writable() != Writable::Never)
            .map(ValueField::blank);
        Self {
            title: format!("Add to {}", table.label()),
            lead: Some("What is left blank is what the database makes of it."),
            save: chosen.may_edit().then(|| chosen.table_at(table, "/new")),
            verb: "Add",
            fields: fields.collect(),
            ..Self::frame(chosen, table)
        }
    }

    fn frame(chosen: &Chosen, table: &TableDeclaration) -> Self {
        let place = Place::Tenant(Section::Tables);
        Self {
            shell: chosen.visit.in_tenant(&chosen.tenant, place),
            tenant: chosen.tenant.clone(),
            label: table.label().into(),
            title: String::new(),
            lead: None,
            back: chosen.table_at(table, ""),
            problem: None,
            facts: Vec::new(),
            save: None,
            version: None,
            verb: "",
            fields: Vec::new(),
            delete: None,
        }
    }

    /// The page again, with what was sent, as the answer to a change that wasn't made.
    pub(super) fn refused(mut self, status: StatusCode, problem: Option<String>) -> Response {
        self.problem = problem;
        Page(status, self).into_response()
    }
}

impl Fact {
    fn of(column: &ColumnDeclaration, cell: &Cell) -> Self {
        let value = cell.marked();
        Self {
            label: column.label().into(),
            is_long: value.as_deref().is_some_and(is_long),
            value,
        }
    }
}

impl ValueField {
    fn of(column: &ColumnDeclaration, cell: &Cell) -> Self {
        let value = cell.shown();
        Self {
            is_null: value.is_none(),
            is_long: column.kind() == ColumnKind::Json || value.as_deref().is_some_and(is_long),
            value: value.unwrap_or_default(),
            ..Self::blank(column)
        }
    }

    fn blank(column: &ColumnDeclaration) -> Self {
        Self {
            name: column.name().to_string(),
            label: column.label().into(),
            of: column.kind(),
            kind: column.kind().as_str(),
            value: String::new(),
            is_null: false,
            is_long: column.kind() == ColumnKind::Json,
            wrong: None,
        }
    }

    /// Takes what a form says of it. A browser sends lines with a carriage return, which nobody typed.
    pub(super) fn take(&mut self, form: &Form) {
        let sent = form.text(&format!("v.{}", self.name));
        self.value = sent.replace("\r\n", "\n");
        self.is_null = !form.text(&format!("null.{}", self.name)).is_empty();
    }

    /// The value, or what is wrong with it beside the field.
    pub(super) fn read(&mut self) -> Option<Value> {
        if self.is_null {
            return Some(Value::Null);
        }
        match self.of.parse(&self.value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong = Some(sentence_of(&error));
                None
            }
        }
    }
}

fn is_long(text: &str) -> bool {
    text.len() > LONG || text.contains('\n')
}

/// The values of the row's key.
fn shown_key(table: &TableDeclaration, read: &RowRead) -> String {
    let cells = table
        .key()
        .filter_map(|column| read.row.cell(table, column.name().as_str()));
    let texts: Vec<_> = cells.filter_map(Cell::shown).collect();
    texts.join(" ")
}
