//! One tenant, and no other.

use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::ports::{ScopeError, TablesError};
use tenantry::tables::{
    BrowseError, CellLimit, Direction, FilterOperator, PagePlan, QueryRefused, RowChange, RowPlan,
    TableQuery,
};

use super::super::world::{World, active, store_error, text};
use super::super::{TableHarness, declared};
use crate::{Verdict, ensure, ensure_eq, ensure_matches};

/// A world in which both tenants have items, with ids and names that are alike and that aren't.
fn both<H: TableHarness>() -> Result<World<H>, crate::Violation> {
    let world = World::<H>::start()?;
    for (id, name) in [(1, "anvil"), (2, "bolt"), (3, "chain")] {
        world.item(&world.acme, id, name);
    }
    for (id, name) in [(1, "umbrella one"), (2, "bolt"), (4, "umbrella four")] {
        world.item(&world.umbrella, id, name);
    }
    Ok(world)
}

pub(in crate::tables) fn a_page_shows_one_tenants_rows_alone<H: TableHarness>() -> Verdict {
    let world = both::<H>()?;
    let items = TableQuery::of("items");
    ensure_eq!(
        world.names(&world.acme, &items)?,
        ["anvil", "bolt", "chain"],
        "the first tenant's items"
    );
    ensure_eq!(
        world.names(&world.umbrella, &items)?,
        ["umbrella one", "bolt", "umbrella four"],
        "the second tenant's items"
    );
    Ok(())
}

pub(in crate::tables) fn no_filter_and_no_order_shows_another_tenants_row<H: TableHarness>()
-> Verdict {
    let world = both::<H>()?;
    let items = || TableQuery::of("items");
    let contains = FilterOperator::Contains;
    for query in [
        items().filtered("name", contains, Some("umbrella")),
        items().filtered("name", FilterOperator::Equal, Some("umbrella four")),
        items().filtered("id", FilterOperator::AtLeast, Some("4")),
    ] {
        let shown = world.names(&world.acme, &query)?;
        ensure!(shown.is_empty(), "another tenant's: {shown:?}");
        let theirs = world.names(&world.umbrella, &query)?;
        ensure!(!theirs.is_empty(), "the other tenant's aren't shown to it");
    }
    for direction in [Direction::Ascending, Direction::Descending] {
        let mut shown = world.names(&world.acme, &items().sorted("name", direction))?;
        shown.sort();
        ensure_eq!(shown, ["anvil", "bolt", "chain"], "sorted {direction:?}");
    }
    Ok(())
}

pub(in crate::tables) fn a_cursor_of_another_tenant_is_refused<H: TableHarness>() -> Verdict {
    let world = both::<H>()?;
    let query = TableQuery::of("items").in_pages_of(tenantry::PageSize::new(1)?);
    let page = world.page(&world.umbrella, &query)?;
    let Some(cursor) = page.next else {
        return Err(crate::Violation::new("a page without a cursor to the next"));
    };
    let own = world.page(&world.umbrella, &query.clone().after(cursor.clone()))?;
    ensure_eq!(own.rows.len(), 1, "the next page of its own tenant");
    ensure_matches!(
        world.page(&world.acme, &query.clone().after(cursor.clone())),
        Err(BrowseError::Refused(QueryRefused::CursorOfAnotherQuery)),
        "another tenant's cursor"
    );
    let sorted = query.sorted("name", Direction::Ascending).after(cursor);
    ensure_matches!(
        world.page(&world.umbrella, &sorted),
        Err(BrowseError::Refused(QueryRefused::CursorOfAnotherQuery)),
        "a cursor of another order"
    );
    Ok(())
}

pub(in crate::tables) fn a_key_of_another_tenant_shows_and_changes_nothing_of_it<
    H: TableHarness,
>() -> Verdict {
    let world = both::<H>()?;
    let theirs = world.found(&world.umbrella, "umbrella four")?;
    ensure_eq!(world.read(&world.acme, &theirs.row.key)?, None, "by a key");
    let renamed = store_error(world.rename(&world.acme, &theirs, "mine"))?;
    ensure_matches!(renamed, TablesError::NotFound { .. }, "renamed by a key");
    let deleted = store_error(world.delete(&world.acme, &theirs))?;
    ensure_matches!(deleted, TablesError::NotFound { .. }, "deleted by a key");
    // Both have this key, and one of them has this version.
    let theirs = world.found(&world.umbrella, "umbrella one")?;
    let renamed = store_error(world.rename(&world.acme, &theirs, "mine"))?;
    ensure_matches!(renamed, TablesError::Stale { .. }, "renamed by a version");
    // The rows are the same but for their tenant.
    let theirs = world.found(&world.umbrella, "bolt")?;
    let renamed = store_error(world.rename(&world.acme, &theirs, "mine"))?;
    ensure_matches!(renamed, TablesError::Stale { .. }, "of a row that is alike");
    ensure_eq!(
        world.stored(&world.umbrella),
        ["umbrella one", "bolt", "umbrella four"],
        "what is stored of the other tenant"
    );
    ensure_eq!(
        world.stored(&world.acme),
        ["anvil", "bolt", "chain"],
        "what is stored of the tenant"
    );
    Ok(())
}

pub(in crate::tables) fn a_plan_of_another_tenant_is_refused<H: TableHarness>() -> Verdict {
    let world = both::<H>()?;
    let catalogue = declared()?;
    let theirs = world.found(&world.umbrella, "umbrella four")?;
    let context = TenantContext::of(&world.acme, world.actor.clone())?;
    let (tables, id) = (world.harness.tables(), world.umbrella.id());
    let key = &theirs.row.key;
    let page = PagePlan::new(&catalogue, id, &TableQuery::of("items"), CellLimit::PAGE)?;
    ensure_matches!(
        block_on(tables.page(&context, &page)),
        Err(TablesError::AnotherTenants { .. }),
        "a page"
    );
    let row = RowPlan::new(&catalogue, id, "items", key)?;
    ensure_matches!(
        block_on(tables.row(&context, &row)),
        Err(TablesError::AnotherTenants { .. }),
        "a row"
    );
    let values = [("name".into(), text("mine"))];
    let update = RowChange::update(&catalogue, id, "items", key, &values, theirs.version)?;
    let insert = RowChange::insert(&catalogue, id, "items", &values)?;
    let delete = RowChange::delete(&catalogue, id, "items", key, theirs.version)?;
    for change in [update, insert, delete] {
        ensure_matches!(
            block_on(tables.change(&context, &change)),
            Err(TablesError::AnotherTenants { .. }),
            "a change"
        );
    }
    ensure_eq!(world.stored(&world.acme).len(), 3, "the tenant's items");
    ensure_eq!(world.stored(&world.umbrella).len(), 3, "the other's items");
    Ok(())
}

pub(in crate::tables) fn a_table_that_is_not_the_tenants_is_not_as_declared<H: TableHarness>()
-> Verdict {
    let world = World::<H>::start()?;
    for table in ["absent", "pg_class", "sqlite_schema", "shared_things"] {
        let refused = store_error(world.page(&world.acme, &TableQuery::of(table)))?;
        ensure_matches!(refused, TablesError::NotAsDeclared { .. }, "{table}");
    }
    ensure_matches!(
        world.page(&world.acme, &TableQuery::of("undeclared")),
        Err(BrowseError::Refused(QueryRefused::NoSuchTable { .. })),
        "a table that isn't declared"
    );
    let query = TableQuery::of("items\"; DROP TABLE items; --");
    ensure_matches!(
        world.page(&world.acme, &query),
        Err(BrowseError::Refused(QueryRefused::NoSuchTable { .. })),
        "SQL for a table"
    );
    Ok(())
}

pub(in crate::tables) fn a_tenant_without_its_tables_is_an_error<H: TableHarness>() -> Verdict {
    let world = both::<H>()?;
    let nobody = active(9, "nobody")?;
    let refused = store_error(world.page(&nobody, &TableQuery::of("items")))?;
    ensure_matches!(
        refused,
        TablesError::Scope(ScopeError::SchemaMissing { .. }),
        "a tenant that isn't provisioned"
    );
    // The slug of a tenant that is there, used again.
    let again = active(8, "acme")?;
    let refused = store_error(world.page(&again, &TableQuery::of("items")))?;
    ensure_matches!(
        refused,
        TablesError::Scope(ScopeError::SchemaForeign { .. }),
        "a tenant whose slug is another's"
    );
    Ok(())
}
