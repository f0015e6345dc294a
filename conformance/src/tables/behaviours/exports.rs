//! Rows as CSV.

use futures_lite::future::block_on;
use tenantry::PageSize;
use tenantry::tables::{Direction, FilterOperator, TableQuery, Value};

use super::super::TableHarness;
use super::super::world::{World, decimal, text};
use crate::{Verdict, Violation, ensure, ensure_eq};

/// The lines of an export, read a piece of two rows at a time.
fn exported<H: TableHarness>(
    world: &World<H>,
    query: TableQuery,
) -> Result<Vec<String>, Violation> {
    let query = query.in_pages_of(PageSize::new(2)?);
    let mut export = world.browser.export(&world.acme, &world.actor, query)?;
    let mut all = String::new();
    while let Some(piece) = block_on(export.piece())? {
        let piece = String::from_utf8(piece).map_err(|error| Violation::new(error.to_string()))?;
        let rows = piece.matches("\r\n").count();
        ensure!(rows <= 3, "a piece of {rows} lines");
        all.push_str(&piece);
    }
    Ok(all.split_terminator("\r\n").map(str::to_owned).collect())
}

pub(in crate::tables) fn an_export_has_every_row_once_in_its_order<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    for (id, name) in [(3, "c, \"d\""), (1, "anvil"), (2, "bolt"), (4, "z")] {
        world.item(&world.acme, id, name);
    }
    world.item(&world.umbrella, 9, "umbrella");
    let query = TableQuery::of("items")
        .filtered("name", FilterOperator::Less, None)
        .sorted("name", Direction::Descending);
    ensure!(
        world
            .browser
            .export(&world.acme, &world.actor, query)
            .is_err(),
        "an export of a query that is refused"
    );
    let query = TableQuery::of("items")
        .filtered("id", FilterOperator::AtMost, Some("3"))
        .sorted("name", Direction::Descending);
    let lines = exported(&world, query)?;
    let expected = [
        "id,name,price,active,at,code,detail,photo",
        "3,\"c, \"\"d\"\"\",,,,,,",
        "2,bolt,,,,,,",
        "1,anvil,,,,,,",
    ];
    ensure_eq!(lines, expected, "the lines");
    Ok(())
}

pub(in crate::tables) fn an_export_holds_no_formula<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain =1"];
    for (id, name) in (-2..).zip(formulas) {
        let values = [
            ("id", Value::Integer(id)),
            ("name", text(name)),
            ("price", decimal("1.5")?),
        ];
        world.harness.put(&world.acme, "items", &values);
    }
    let lines = exported(&world, TableQuery::of("items"))?;
    let names: Vec<_> = lines[1..]
        .iter()
        .map(|line| line.split(',').nth(1).unwrap_or_default())
        .collect();
    let expected = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain =1"];
    ensure_eq!(names, expected, "the names");
    ensure!(lines[1].starts_with("-2,"), "a number was changed");
    Ok(())
}
