//! Which rows a page has, and in which order.

use std::cmp::Ordering;

use serde_json::Value as Json;
use tenantry::ports::TablesError;
use tenantry::tables::{
    Comparison, Decimal, Direction, FoundRow, OrderTerm, PagePlan, Test, Value,
};

use super::rows;

/// The rows of a page, and one more.
pub(super) fn page(plan: &PagePlan, stored: &[Json]) -> Result<Vec<FoundRow>, TablesError> {
    let wanted = stored.iter().filter(|row| holds(plan, row));
    let placed = wanted.map(|row| Ok((place(plan, row)?, row)));
    let mut placed = placed.collect::<Result<Vec<_>, TablesError>>()?;
    placed.sort_by(|(one, _), (two, _)| in_order(plan, one, two));
    if let Some(position) = plan.position() {
        placed.retain(|(place, _)| in_order(plan, place, position) == Ordering::Greater);
    }
    placed.truncate(usize::from(plan.size().number()) + 1);
    let found = placed.into_iter().map(|(position, row)| {
        let row = rows::read(plan.table(), row, plan.limit())?;
        Ok(FoundRow { row, position })
    });
    found.collect()
}

fn holds(plan: &PagePlan, row: &Json) -> bool {
    plan.conditions().all(|(column, test)| {
        let value = rows::value(row, column);
        match test {
            Test::IsNull => value == Value::Null,
            Test::IsNotNull => value != Value::Null,
            Test::Contains(part) => {
                let text = value.to_text().unwrap_or_default();
                value != Value::Null && text.to_ascii_lowercase().contains(part)
            }
            Test::Compares(comparison, wanted) => {
                value != Value::Null && compares(*comparison, ordered(&value, wanted))
            }
        }
    })
}

fn compares(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::Less => ordering.is_lt(),
        Comparison::AtMost => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::AtLeast => ordering.is_ge(),
    }
}

fn place(plan: &PagePlan, row: &Json) -> Result<Vec<Value>, TablesError> {
    let texts = plan.order().iter().map(|term| {
        let text = rows::text(row, term.column(plan.table()));
        let most = PagePlan::SORTED_CHARACTERS as usize;
        text.map(|text| {
            if term.is_key() {
                text
            } else {
                text.chars().take(most).collect()
            }
        })
    });
    plan.placed(texts.collect())
}

fn in_order(plan: &PagePlan, one: &[Value], two: &[Value]) -> Ordering {
    let terms = plan.order().iter().zip(one.iter().zip(two));
    let orderings = terms.map(|(term, (one, two))| by_term(*term, one, two));
    orderings.fold(Ordering::Equal, Ordering::then)
}

/// Nulls come last, whichever way.
fn by_term(term: OrderTerm, one: &Value, two: &Value) -> Ordering {
    match (one, two) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        _ => match term.direction() {
            Direction::Ascending => ordered(one, two),
            Direction::Descending => ordered(two, one),
        },
    }
}

/// Two values of one kind. None is null.
fn ordered(one: &Value, two: &Value) -> Ordering {
    match (one, two) {
        (Value::Text(one), Value::Text(two)) => one.cmp(two),
        (Value::Integer(one), Value::Integer(two)) => one.cmp(two),
        (Value::Decimal(one), Value::Decimal(two)) => number(one).total_cmp(&number(two)),
        (Value::Boolean(one), Value::Boolean(two)) => one.cmp(two),
        (Value::Timestamp(one), Value::Timestamp(two)) => one.cmp(two),
        (Value::Uuid(one), Value::Uuid(two)) => one.cmp(two),
        _ => one.to_text().cmp(&two.to_text()),
    }
}

fn number(decimal: &Decimal) -> f64 {
    decimal.as_str().parse().unwrap_or(f64::NAN)
}
