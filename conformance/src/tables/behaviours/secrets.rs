//! Columns that nobody sees.

use std::error::Error;

use futures_lite::future::block_on;
use tenantry::tables::{BrowseError, Direction, FilterOperator, QueryRefused, TableQuery, Value};

use super::super::TableHarness;
use super::super::world::{World, decimal, text};
use crate::{Verdict, Violation, ensure, ensure_eq, ensure_matches};

const SECRET: &str = "hunter2-only-the-store-knows";

fn with_a_secret<H: TableHarness>() -> Result<World<H>, Violation> {
    let world = World::<H>::start()?;
    let values = [
        ("id", Value::Integer(1)),
        ("name", text("anvil")),
        ("price", decimal("1")?),
        ("secret", text(SECRET)),
    ];
    world.harness.put(&world.acme, "items", &values);
    let stored = world.harness.items(&world.acme, "secret");
    ensure_eq!(
        stored,
        [(1, Some(SECRET.into()))],
        "the secret that is stored"
    );
    Ok(world)
}

pub(in crate::tables) fn a_secret_column_is_in_no_row_and_no_export<H: TableHarness>() -> Verdict {
    let world = with_a_secret::<H>()?;
    let page = world.page(&world.acme, &TableQuery::of("items"))?;
    ensure!(!format!("{page:?}").contains(SECRET), "in a page");
    ensure_eq!(page.rows.len(), 1, "rows");
    let read = world.read(&world.acme, &page.rows[0].key)?;
    ensure!(!format!("{read:?}").contains(SECRET), "in a row");
    let query = TableQuery::of("items");
    let mut export = world.browser.export(&world.acme, &world.actor, query)?;
    let mut exported = 0;
    while let Some(piece) = block_on(export.piece())? {
        exported += piece.len();
        let piece = String::from_utf8_lossy(&piece).into_owned();
        ensure!(!piece.contains(SECRET), "in an export");
        ensure!(!piece.contains("secret"), "its name in an export");
    }
    ensure!(exported > 0, "nothing was exported");
    Ok(())
}

pub(in crate::tables) fn a_secret_column_cannot_be_named<H: TableHarness>() -> Verdict {
    let world = with_a_secret::<H>()?;
    let equal = FilterOperator::Equal;
    for query in [
        TableQuery::of("items").filtered("secret", equal, Some(SECRET)),
        TableQuery::of("items").sorted("secret", Direction::Ascending),
    ] {
        ensure_matches!(
            world.page(&world.acme, &query),
            Err(BrowseError::Refused(QueryRefused::NoSuchColumn { .. })),
            "{query:?}"
        );
    }
    let read = world.found(&world.acme, "anvil")?;
    let values = [("secret".into(), text("mine"))];
    ensure_matches!(
        world.update(&world.acme, &read, &values),
        Err(BrowseError::Refused(QueryRefused::NoSuchColumn { .. })),
        "a change"
    );
    ensure_matches!(
        world.insert(&world.acme, &values),
        Err(BrowseError::Refused(QueryRefused::NoSuchColumn { .. })),
        "a new row"
    );
    let renamed = world.rename(&world.acme, &read, "chisel")?;
    ensure!(!format!("{renamed:?}").contains(SECRET), "after a change");
    let stored = world.harness.items(&world.acme, "secret");
    ensure_eq!(stored, [(1, Some(SECRET.into()))], "after another's change");
    let logged = format!("{:?}", world.log(&world.acme)?);
    ensure!(!logged.contains(SECRET), "in the audit log");
    Ok(())
}

pub(in crate::tables) fn a_refused_change_tells_no_secret<H: TableHarness>() -> Verdict {
    let world = with_a_secret::<H>()?;
    let read = world.found(&world.acme, "anvil")?;
    let below = [("price".into(), decimal("-1")?)];
    let outcome = world.update(&world.acme, &read, &below);
    if !H::HAS_CHECKS {
        return outcome.map(drop).map_err(Violation::from);
    }
    let Err(refused) = outcome else {
        return Err(Violation::new("a check of the table's isn't kept"));
    };
    let mut cause: Option<&dyn Error> = Some(&refused);
    while let Some(error) = cause {
        let said = format!("{error} {error:?}");
        ensure!(!said.contains(SECRET), "in an error");
        cause = error.source();
    }
    Ok(())
}
