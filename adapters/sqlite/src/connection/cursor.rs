use std::cell::Cell;

use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::{QueryResult, SqliteConnection};

type Rows<'conn, 'query> =
    <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Cursor<'conn, 'query>;
type Row<'conn, 'query> =
    <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Row<'conn, 'query>;

/// The rows of a query, read one by one.
///
/// It tells its scope when a row can't be read, and when it is dropped: one that never is would keep reading for the
/// next borrower.
#[expect(missing_debug_implementations, reason = "Diesel's own cursor has none")]
pub struct Cursor<'conn, 'query> {
    rows: Rows<'conn, 'query>,
    open: &'conn Cell<u32>,
    failed: &'conn Cell<bool>,
}

impl<'conn, 'query> Cursor<'conn, 'query> {
    pub(crate) fn new(
        rows: Rows<'conn, 'query>,
        open: &'conn Cell<u32>,
        failed: &'conn Cell<bool>,
    ) -> Self {
        open.set(open.get().saturating_add(1));
        Self { rows, open, failed }
    }
}

impl<'conn, 'query> Iterator for Cursor<'conn, 'query> {
    type Item = QueryResult<Row<'conn, 'query>>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next();
        if matches!(row, Some(Err(_))) {
            self.failed.set(true);
        }
        row
    }
}

impl Drop for Cursor<'_, '_> {
    fn drop(&mut self) {
        self.open.set(self.open.get().saturating_sub(1));
    }
}
