use tenantry::tables::{
    Direction, Filter, FilterOperator, TableCursor, TableDeclaration, TableQuery,
};

/// Which rows an address asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    filters: Vec<Filter>,
    sort: Option<(String, Direction)>,
    after: Option<String>,
}

impl Wanted {
    /// Reads a query: `filter=column:operator:value`, as often as there are filters, `sort=column` or `sort=-column`,
    /// `after=cursor`, and what the form for one more filter sends (`where`, `value`).
    pub(super) fn of(query: Option<&str>) -> Self {
        let mut wanted = Self::default();
        let (mut one_more, mut value) = (None, String::new());
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "filter" => wanted.filters.extend(filter_of(&text)),
                "where" => one_more = Some(text.into_owned()),
                "value" => value = text.into_owned(),
                "sort" if !text.is_empty() => wanted.sort = Some(sort_of(&text)),
                "after" if !text.is_empty() => wanted.after = Some(text.into_owned()),
                _ => {}
            }
        }
        let one_more = one_more.and_then(|test| filter_of(&format!("{test}:{value}")));
        wanted.filters.extend(one_more);
        wanted
    }

    pub(super) fn query(&self, table: &TableDeclaration) -> TableQuery {
        let mut query = TableQuery::of(table.name().as_str());
        query.filters.clone_from(&self.filters);
        if let Some((column, direction)) = &self.sort {
            query = query.sorted(column.clone(), *direction);
        }
        match &self.after {
            Some(cursor) => query.after(TableCursor::from_text(cursor.clone())),
            None => query,
        }
    }

    pub(super) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The columns that it is filtered by.
    pub(super) fn filtered_columns(&self) -> Vec<&str> {
        let columns = self.filters.iter();
        columns.map(|filter| filter.column.as_str()).collect()
    }

    pub(super) fn is_first_page(&self) -> bool {
        self.after.is_none()
    }

    /// How a column is sorted by, if it is.
    pub(super) fn order_of(&self, column: &str) -> Option<Direction> {
        let (sorted, direction) = self.sort.as_ref()?;
        (sorted == column).then_some(*direction)
    }

    /// The same rows from their beginning.
    pub(super) fn first_page(&self) -> Self {
        Self {
            after: None,
            ..self.clone()
        }
    }

    /// The same, sorted by this column: the other way round, if they are already.
    pub(super) fn sorted_by(&self, column: &str) -> Self {
        let direction = match self.order_of(column) {
            Some(Direction::Ascending) => Direction::Descending,
            _ => Direction::Ascending,
        };
        Self {
            sort: Some((column.into(), direction)),
            ..self.first_page()
        }
    }

    /// The same without one of the filters.
    pub(super) fn without(&self, filter: usize) -> Self {
        let mut other = self.first_page();
        other.filters.remove(filter);
        other
    }

    /// The same from here on.
    pub(super) fn after(&self, cursor: &TableCursor) -> Self {
        Self {
            after: Some(cursor.to_string()),
            ..self.clone()
        }
    }

    /// What an address of these rows holds.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let filters = self
            .filters
            .iter()
            .map(|filter| ("filter", text_of(filter)));
        let sort = self
            .sort
            .as_ref()
            .map(|(column, direction)| match direction {
                Direction::Ascending => ("sort", column.clone()),
                Direction::Descending => ("sort", format!("-{column}")),
            });
        let after = self.after.clone().map(|after| ("after", after));
        filters.chain(sort).chain(after).collect()
    }

    /// The query of these rows, with its question mark, if there is one.
    pub(super) fn to_query(&self) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return String::new();
        }
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        query.extend_pairs(pairs);
        query.finish()
    }
}

/// `column:operator:value`. What isn't that is no filter.
fn filter_of(text: &str) -> Option<Filter> {
    let mut pieces = text.splitn(3, ':');
    let (column, operator) = (pieces.next()?, pieces.next()?);
    let operator: FilterOperator = operator.parse().ok()?;
    let value = operator
        .takes_value()
        .then(|| pieces.next().unwrap_or_default().into());
    (!column.is_empty()).then(|| Filter {
        column: column.into(),
        operator,
        value,
    })
}

fn text_of(filter: &Filter) -> String {
    let value = filter.value.as_deref().unwrap_or_default();
    format!("{}:{}:{value}", filter.column, filter.operator)
}

fn sort_of(text: &str) -> (String, Direction) {
    match text.strip_prefix('-') {
        Some(column) => (column.into(), Direction::Descending),
        None => (text.into(), Direction::Ascending),
    }
}

/// The operator in words, behind a column's label.
pub(super) fn words_of(operator: FilterOperator) -> &'static str {
    match operator {
        FilterOperator::Equal => "is",
        FilterOperator::Contains => "contains",
        FilterOperator::Less => "is less than",
        FilterOperator::AtMost => "is at most",
        FilterOperator::Greater => "is more than",
        FilterOperator::AtLeast => "is at least",
        FilterOperator::Null => "is null",
        FilterOperator::NotNull => "isn't null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_and_a_form_adds_one_filter() {
        let query = "filter=name:contains:a%3Ab&filter=paid:null:&sort=-id&where=id:ge&value=7";
        let wanted = Wanted::of(Some(query));
        assert_eq!(wanted.filters().len(), 3);
        assert_eq!(wanted.filters()[0].value.as_deref(), Some("a:b"));
        assert_eq!(wanted.filters()[1].value, None);
        assert_eq!(wanted.filters()[2].operator, FilterOperator::AtLeast);
        assert_eq!(wanted.order_of("id"), Some(Direction::Descending));
        let again = Wanted::of(wanted.to_query().strip_prefix('?'));
        assert_eq!(again.pairs(), wanted.pairs());
        assert!(wanted.to_query().starts_with("?filter=name"));
        assert_eq!(wanted.without(0).filters().len(), 2);
        let up = wanted.sorted_by("id");
        assert_eq!(up.order_of("id"), Some(Direction::Ascending));
    }

    #[test]
    fn what_is_no_filter_is_left_out() {
        let wanted = Wanted::of(Some(
            "filter=name&filter=name:like:x&filter=:eq:1&where=&value=1",
        ));
        assert!(wanted.filters().is_empty());
        assert_eq!(wanted.to_query(), "");
    }
}
