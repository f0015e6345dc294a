use std::collections::BTreeMap;

use serde_json::Value;

/// The tables of one schema: rows of JSON under a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables(BTreeMap<String, Vec<Value>>);

impl Tables {
    /// Makes an empty table.
    ///
    /// # Errors
    /// [`TableError::Exists`].
    pub fn create(&mut self, table: &str) -> Result<(), TableError> {
        if self.0.contains_key(table) {
            return Err(TableError::Exists {
                table: table.into(),
            });
        }
        self.0.insert(table.into(), Vec::new());
        Ok(())
    }

    /// The tables' names, ascending.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Adds a row at the end.
    ///
    /// # Errors
    /// [`TableError::Missing`].
    pub fn insert(&mut self, table: &str, row: Value) -> Result<(), TableError> {
        self.rows_mut(table)?.push(row);
        Ok(())
    }

    /// Every row, in the order of insertion.
    ///
    /// # Errors
    /// [`TableError::Missing`].
    pub fn rows(&self, table: &str) -> Result<&[Value], TableError> {
        self.0
            .get(table)
            .map(Vec::as_slice)
            .ok_or_else(|| TableError::missing(table))
    }

    /// Shows each row to `change`, which says whether it changed it; counts those that it did.
    ///
    /// # Errors
    /// [`TableError::Missing`].
    pub fn update(
        &mut self,
        table: &str,
        change: impl FnMut(&mut Value) -> bool,
    ) -> Result<usize, TableError> {
        let changed: Vec<_> = self.rows_mut(table)?.iter_mut().map(change).collect();
        Ok(changed.into_iter().filter(|changed| *changed).count())
    }

    /// Deletes the rows that `unwanted` picks, and counts them.
    ///
    /// # Errors
    /// [`TableError::Missing`].
    pub fn delete(
        &mut self,
        table: &str,
        mut unwanted: impl FnMut(&Value) -> bool,
    ) -> Result<usize, TableError> {
        let rows = self.rows_mut(table)?;
        let before = rows.len();
        rows.retain(|row| !unwanted(row));
        Ok(before - rows.len())
    }

    fn rows_mut(&mut self, table: &str) -> Result<&mut Vec<Value>, TableError> {
        self.0
            .get_mut(table)
            .ok_or_else(|| TableError::missing(table))
    }
}

/// Why a table can't be used so. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no such table in this schema.
    #[error("there is no table {table:?} in this schema: create it in a migration")]
    Missing {
        /// Which.
        table: String,
    },
    /// There is such a table already.
    #[error("there is a table {table:?} in this schema already: choose another name")]
    Exists {
        /// Which.
        table: String,
    },
}

impl TableError {
    fn missing(table: &str) -> Self {
        Self::Missing {
            table: table.into(),
        }
    }
}
