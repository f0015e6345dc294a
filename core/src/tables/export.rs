use alloc::string::String;
use alloc::vec::Vec;

use csv_core::{Terminator, WriteResult, Writer, WriterBuilder};

use super::{BrowseError, Cell, CellLimit, Row, TableBrowser, TableQuery, Value};
use crate::TenantContext;

/// A table's rows as CSV (RFC 4180), a piece at a time: the columns' names first.
///
/// A null is an empty field, and so is an empty text. A value of more than [`CellLimit::EXPORT`] is cut, and marked as such.
///
/// A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula, which it runs on the
/// computer of whoever opens it. Such a text has a `'` put before it; a number is written as it is.
pub struct CsvExport {
    browser: TableBrowser,
    context: TenantContext,
    /// What the next piece is read by; `None` after the last.
    next: Option<TableQuery>,
    begun: bool,
}

impl CsvExport {
    pub(super) fn new(browser: TableBrowser, context: TenantContext, query: TableQuery) -> Self {
        Self {
            browser,
            context,
            next: Some(query),
            begun: false,
        }
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// [`BrowseError`]: what came until then isn't all, and nothing comes after it.
    ///
    /// # Cost
    /// That of one page.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, BrowseError> {
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        let mut lines = Lines::new();
        let table = self.browser.table(&query.table)?;
        if !core::mem::replace(&mut self.begun, true) {
            lines.line(table.columns().iter().map(|column| column.name().as_str()));
        }
        let page = self
            .browser
            .page_of(&self.context, &query, CellLimit::EXPORT);
        let page = page.await?;
        for row in &page.rows {
            lines.row(row);
        }
        self.next = page.next.map(|cursor| query.after(cursor));
        Ok(Some(lines.written))
    }
}

struct Lines {
    writer: Writer,
    written: Vec<u8>,
}

impl Lines {
    fn new() -> Self {
        Self {
            writer: WriterBuilder::new().terminator(Terminator::CRLF).build(),
            written: Vec::new(),
        }
    }

    fn row(&mut self, row: &Row) {
        let fields: Vec<String> = row.cells.iter().map(field).collect();
        self.line(fields.iter().map(String::as_str));
    }

    fn line<'f>(&mut self, fields: impl Iterator<Item = &'f str>) {
        for (at, field) in fields.enumerate() {
            if at > 0 {
                self.put(Writer::delimiter);
            }
            let mut left = field.as_bytes();
            self.put(|writer, room| {
                let (result, read, written) = writer.field(left, room);
                left = &left[read..];
                (result, written)
            });
        }
        self.put(Writer::terminator);
    }

    fn put(&mut self, mut step: impl FnMut(&mut Writer, &mut [u8]) -> (WriteResult, usize)) {
        let mut room = [0; 1024];
        loop {
            let (result, written) = step(&mut self.writer, &mut room);
            self.written.extend_from_slice(&room[..written]);
            if matches!(result, WriteResult::InputEmpty) {
                return;
            }
        }
    }
}

fn field(cell: &Cell) -> String {
    let text = cell.marked().unwrap_or_default();
    let is_number = matches!(cell, Cell::Value(Value::Integer(_) | Value::Decimal(_)));
    if !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return alloc::format!("'{text}");
    }
    text
}
