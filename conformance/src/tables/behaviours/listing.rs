//! Pages, orders and filters.

use tenantry::tables::{Direction, FilterOperator, TableQuery, Value};

use super::super::TableHarness;
use super::super::world::{World, decimal, text};
use crate::{Verdict, Violation, ensure_eq};

pub(in crate::tables) fn pages_show_every_row_once_by_the_key<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    for id in [5, 3, 9, 1, 7] {
        world.item(&world.acme, id, &format!("item {id}"));
    }
    let names = world.names(&world.acme, &TableQuery::of("items"))?;
    let by_key = ["item 1", "item 3", "item 5", "item 7", "item 9"];
    ensure_eq!(names, by_key, "by the key");
    let backwards = TableQuery::of("items").sorted("id", Direction::Descending);
    let mut reversed = by_key;
    reversed.reverse();
    ensure_eq!(world.names(&world.acme, &backwards)?, reversed, "backwards");
    Ok(())
}

pub(in crate::tables) fn pages_show_each_row_once_while_others_are_inserted<H: TableHarness>()
-> Verdict {
    let world = World::<H>::start()?;
    for id in [10, 20, 30, 40, 50] {
        world.item(&world.acme, id, &format!("item {id}"));
    }
    for direction in [Direction::Ascending, Direction::Descending] {
        let query = TableQuery::of("items").sorted("name", direction);
        let rows = world.all_while(&world.acme, &query, |page| {
            // One before everything that was shown, one in what comes yet.
            let page = i64::try_from(page).unwrap_or_default();
            let id = 100 * (page + 1)
                + if direction == Direction::Ascending {
                    0
                } else {
                    50
                };
            world.item(&world.acme, id + 1, "item 0");
            world.item(&world.acme, id + 2, "item 9");
        })?;
        for id in [10, 20, 30, 40, 50] {
            let mut shown = 0;
            for row in &rows {
                shown += usize::from(world.shown(row, "id")? == id.to_string());
            }
            ensure_eq!(shown, 1, "{direction:?}: how often item {id} was shown");
        }
    }
    Ok(())
}

pub(in crate::tables) fn rows_that_are_alike_in_their_order_are_each_shown_once<H: TableHarness>()
-> Verdict {
    let world = World::<H>::start()?;
    for id in 1..=5 {
        world.item(&world.acme, id, "alike");
    }
    for id in 6..=8 {
        let values = [("id", Value::Integer(id))];
        world.harness.put(&world.acme, "items", &values);
    }
    for direction in [Direction::Ascending, Direction::Descending] {
        let query = TableQuery::of("items").sorted("name", direction);
        let rows = world.all(&world.acme, &query)?;
        let ids = rows.iter().map(|row| world.shown(row, "id"));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        ensure_eq!(
            ids,
            ["1", "2", "3", "4", "5", "6", "7", "8"],
            "{direction:?}"
        );
    }
    Ok(())
}

/// Three items with values that ascend, and one without any.
fn of_every_kind<H: TableHarness>() -> Result<World<H>, Violation> {
    let world = World::<H>::start()?;
    let time = |text: &str| -> Result<Value, Violation> {
        Ok(tenantry::tables::ColumnKind::Timestamp.parse(text)?)
    };
    let code = |text: &str| -> Result<Value, Violation> {
        Ok(tenantry::tables::ColumnKind::Uuid.parse(text)?)
    };
    let items = [
        (
            1,
            "low",
            decimal("-2.5")?,
            false,
            time("2024-02-29T23:59:59.999Z")?,
            code("0190c7a4-0000-7000-8000-000000000001")?,
        ),
        (
            2,
            "middle",
            decimal("9")?,
            true,
            time("2025-01-01T00:00:00Z")?,
            code("0190c7a4-0000-7000-8000-000000000002")?,
        ),
        (
            3,
            "upper",
            decimal("10.25")?,
            true,
            time("2025-01-01T00:00:00.001Z")?,
            code("0190c7a4-0000-7000-8000-000000000003")?,
        ),
    ];
    for (id, name, price, active, at, code) in items {
        let price = if H::HAS_CHECKS && id == 1 {
            decimal("2.5")?
        } else {
            price
        };
        let values = [
            ("id", Value::Integer(id)),
            ("name", text(name)),
            ("price", price),
            ("active", Value::Boolean(active)),
            ("at", at),
            ("code", code),
            ("detail", Value::Json(r#"{"a": 1}"#.into())),
            ("photo", Value::Bytes(vec![0, 255])),
        ];
        world.harness.put(&world.acme, "items", &values);
    }
    let nothing = [("id", Value::Integer(4))];
    world.harness.put(&world.acme, "items", &nothing);
    Ok(world)
}

pub(in crate::tables) fn rows_are_sorted_by_every_kind_either_way_nulls_last<H: TableHarness>()
-> Verdict {
    let world = of_every_kind::<H>()?;
    for column in ["name", "price", "at", "code"] {
        let up = TableQuery::of("items").sorted(column, Direction::Ascending);
        let shown = world.names(&world.acme, &up)?;
        ensure_eq!(shown, ["low", "middle", "upper", "-"], "by {column}, up");
        let down = TableQuery::of("items").sorted(column, Direction::Descending);
        let shown = world.names(&world.acme, &down)?;
        ensure_eq!(shown, ["upper", "middle", "low", "-"], "by {column}, down");
    }
    let up = TableQuery::of("items").sorted("active", Direction::Ascending);
    let shown = world.names(&world.acme, &up)?;
    ensure_eq!(shown, ["low", "middle", "upper", "-"], "by active, up");
    let down = TableQuery::of("items").sorted("active", Direction::Descending);
    let shown = world.names(&world.acme, &down)?;
    ensure_eq!(shown, ["middle", "upper", "low", "-"], "by active, down");
    Ok(())
}

pub(in crate::tables) fn rows_are_filtered_by_every_kind<H: TableHarness>() -> Verdict {
    use FilterOperator::{AtLeast, AtMost, Contains, Equal, Greater, Less, NotNull, Null};
    let world = of_every_kind::<H>()?;
    let all: [(&str, FilterOperator, Option<&str>, &[&str]); 18] = [
        ("id", Equal, Some("2"), &["middle"]),
        ("id", Less, Some("2"), &["low"]),
        ("id", AtLeast, Some("3"), &["upper", "-"]),
        ("name", Equal, Some("low"), &["low"]),
        ("name", Contains, Some("PP"), &["upper"]),
        ("name", Null, None, &["-"]),
        ("price", Greater, Some("9.0"), &["upper"]),
        ("price", AtMost, Some("9.00"), &["low", "middle"]),
        ("price", Equal, Some("10.250"), &["upper"]),
        ("active", Equal, Some("true"), &["middle", "upper"]),
        ("active", Equal, Some("false"), &["low"]),
        ("at", Less, Some("2025-01-01T00:00:00Z"), &["low"]),
        ("at", Equal, Some("2025-01-01T01:00:00+01:00"), &["middle"]),
        ("at", Greater, Some("2025-01-01"), &["upper"]),
        (
            "code",
            Equal,
            Some("0190C7A4-0000-7000-8000-000000000003"),
            &["upper"],
        ),
        ("detail", Null, None, &["-"]),
        ("photo", NotNull, None, &["low", "middle", "upper"]),
        ("at", NotNull, None, &["low", "middle", "upper"]),
    ];
    for (column, operator, value, expected) in all {
        let query = TableQuery::of("items").filtered(column, operator, value);
        let shown = world.names(&world.acme, &query)?;
        ensure_eq!(shown, expected, "{column} {operator} {value:?}");
    }
    let both = TableQuery::of("items")
        .filtered("active", Equal, Some("true"))
        .filtered("price", Less, Some("10"));
    ensure_eq!(world.names(&world.acme, &both)?, ["middle"], "two filters");
    Ok(())
}

pub(in crate::tables) fn a_filter_takes_every_character_for_itself<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let names = [
        "100%",
        "1000",
        "a_b",
        "aXb",
        "it's",
        "its",
        "back\\slash",
        "*",
        "[x]",
        "Ärger 🦀",
    ];
    for (id, name) in (1..).zip(names) {
        world.item(&world.acme, id, name);
    }
    for name in names {
        for operator in [FilterOperator::Equal, FilterOperator::Contains] {
            let query = TableQuery::of("items").filtered("name", operator, Some(name));
            let shown = world.names(&world.acme, &query)?;
            ensure_eq!(shown, [name], "{operator} {name}");
        }
    }
    let injected = "' OR '1'='1";
    let query = TableQuery::of("items").filtered("name", FilterOperator::Equal, Some(injected));
    let none: [&str; 0] = [];
    ensure_eq!(world.names(&world.acme, &query)?, none, "SQL for a value");
    Ok(())
}

pub(in crate::tables) fn a_key_of_two_columns_is_paged<H: TableHarness>() -> Verdict {
    let world = World::<H>::start()?;
    let pairs = [("a", 2), ("b", 1), ("a", 10), ("a", 1), ("c", 0), ("b", 3)];
    for (a, b) in pairs {
        let values = [("a", text(a)), ("b", Value::Integer(b))];
        world.harness.put(&world.acme, "pairs", &values);
    }
    let shown = |query: &TableQuery| -> Result<Vec<String>, Violation> {
        let rows = world.all(&world.acme, query)?;
        let pair = |row: &tenantry::tables::Row| {
            let cells = row.cells[..2].iter().map(tenantry::tables::Cell::shown);
            cells.flatten().collect::<String>()
        };
        Ok(rows.iter().map(pair).collect())
    };
    let by_key = shown(&TableQuery::of("pairs"))?;
    ensure_eq!(by_key, ["a1", "a2", "a10", "b1", "b3", "c0"], "by the key");
    let down = shown(&TableQuery::of("pairs").sorted("a", Direction::Descending))?;
    ensure_eq!(down, ["c0", "b1", "b3", "a1", "a2", "a10"], "by a, down");
    let by_b = shown(&TableQuery::of("pairs").sorted("b", Direction::Ascending))?;
    ensure_eq!(by_b, ["c0", "a1", "b1", "a2", "b3", "a10"], "by b");
    Ok(())
}
