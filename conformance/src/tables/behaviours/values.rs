//! What is shown of a row.

use tenantry::ports::TablesError;
use tenantry::tables::{Cell, CellLimit, ColumnKind, TableQuery, Value};

use super::super::TableHarness;
use super::super::world::{World, decimal, store_error, text};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

/// A value for each of an item's columns.
pub(super) fn everything() -> Result<Vec<(&'static str, Value)>, Violation> {
    Ok(vec![
        ("name", text("Ünïcödé 🦀 \"quoted\"\nnext line\t'; --")),
        ("price", decimal("12.5")?),
        ("active", Value::Boolean(true)),
        (
            "at",
            ColumnKind::Timestamp.parse("2024-02-29T12:34:56.789Z")?,
        ),
        (
            "code",
            ColumnKind::Uuid.parse("0190c7a4-0000-7000-8000-000000000001")?,
        ),
        ("detail", Value::Json(r#"{"a": [1, "ä", null]}"#.into())),
        ("photo", Value::Bytes(vec![0, 1, 127, 128, 255])),
    ])
}

pub(in crate::tables) fn every_kind_is_read_as_it_was_put_in<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let mut values = everything()?;
    values.push(("id", Value::Integer(i64::MAX)));
    world.harness.put(&world.acme, "items", &values);
    world
        .harness
        .put(&world.acme, "items", &[("id", Value::Integer(-1))]);
    let page = world.page(&world.acme, &TableQuery::of("items"))?;
    ensure_eq!(page.rows.len(), 2, "rows");
    for (column, value) in &values {
        let cell = world.cell(&page.rows[1], column)?;
        ensure_eq!(*cell, Cell::Value(value.clone()), "{column}");
    }
    for column in ["name", "price", "active", "at", "code", "detail", "photo"] {
        let cell = world.cell(&page.rows[0], column)?;
        ensure_eq!(*cell, Cell::Value(Value::Null), "{column} of nothing");
    }
    Ok(())
}

fn size_of(limit: CellLimit) -> usize {
    usize::try_from(limit.number()).unwrap_or_default()
}

pub(in crate::tables) fn a_value_that_is_too_large_is_cut_and_marked<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let most = size_of(CellLimit::PAGE);
    let large = [
        ("id", Value::Integer(1)),
        ("name", text(&"ä".repeat(most + 1))),
        ("photo", Value::Bytes(vec![7; most + 1])),
    ];
    world.harness.put(&world.acme, "items", &large);
    let fits = [
        ("id", Value::Integer(2)),
        ("name", text(&"ä".repeat(most))),
        ("photo", Value::Bytes(vec![7; most])),
    ];
    world.harness.put(&world.acme, "items", &fits);
    let rows = world.page(&world.acme, &TableQuery::of("items"))?.rows;
    let cut = Cell::Cut {
        shown: "ä".repeat(most),
        bytes: (2 * (most + 1)) as u64,
    };
    ensure!(*world.cell(&rows[0], "name")? == cut, "text that is cut");
    let cut = Cell::Cut {
        shown: "07".repeat(most),
        bytes: (most + 1) as u64,
    };
    ensure!(*world.cell(&rows[0], "photo")? == cut, "bytes that are cut");
    for (column, value) in &fits[1..] {
        let whole = *world.cell(&rows[1], column)? == Cell::Value(value.clone());
        ensure!(whole, "{column} that fits isn't whole");
    }
    Ok(())
}

pub(in crate::tables) fn a_row_by_itself_shows_more_of_it<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let long = "x".repeat(10 * size_of(CellLimit::PAGE));
    let most = "y".repeat(size_of(CellLimit::ROW) + 1);
    for (id, name) in [(1, &long), (2, &most)] {
        let values = [
            ("id", Value::Integer(id)),
            ("name", text(name)),
            ("active", Value::Boolean(false)),
        ];
        world.harness.put(&world.acme, "items", &values);
    }
    let rows = world.page(&world.acme, &TableQuery::of("items"))?.rows;
    let Some(read) = world.read(&world.acme, &rows[0].key)? else {
        return Err(Violation::new("a listed row isn't there"));
    };
    let whole = *world.cell(&read.row, "name")? == Cell::Value(text(&long));
    ensure!(whole, "a row by itself is cut as in a page");
    let Some(read) = world.read(&world.acme, &rows[1].key)? else {
        return Err(Violation::new("a listed row isn't there"));
    };
    ensure!(
        matches!(world.cell(&read.row, "name")?, Cell::Cut { .. }),
        "a value has no limit"
    );
    let renamed = store_error(world.rename(&world.acme, &read, "short"))?;
    ensure_matches!(
        renamed,
        TablesError::TooLarge { .. },
        "of what wasn't shown"
    );
    let values = [("active".into(), Value::Boolean(true))];
    let changed = world.update(&world.acme, &read, &values)?;
    let active = world.cell(&changed.row, "active")?;
    ensure_eq!(*active, Cell::Value(Value::Boolean(true)), "beside it");
    Ok(())
}

pub(in crate::tables) fn reading_writes_nothing<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    world.item(&world.acme, 1, "anvil");
    let read = world.page(&world.acme, &TableQuery::of("noisy"));
    let refused = store_error(read)?;
    if H::VIEWS_CAN_WRITE {
        ensure_matches!(refused, TablesError::WroteOnReading { .. }, "a noisy view");
    } else {
        ensure_matches!(refused, TablesError::NotAsDeclared { .. }, "no such view");
    }
    ensure_eq!(world.stored(&world.acme), ["anvil"], "what is stored");
    Ok(())
}
