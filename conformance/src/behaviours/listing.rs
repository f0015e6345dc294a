use futures_lite::future::block_on;
use tenantry::ports::TenantRepository;
use tenantry::{
    PageRequest, PageSize, Slug, Tenant, TenantFilter, TenantName, TenantStatus, Version,
};

use crate::world::World;
use crate::{Harness, Verdict, Violation, ensure, ensure_eq};

pub(crate) fn no_tenants_make_one_empty_page<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let page = block_on(
        world
            .repository()
            .list(&TenantFilter::default(), PageRequest::default()),
    )?;
    ensure_eq!(page.items, [], "the page");
    ensure_eq!(page.next, None, "the next page");
    let tenant = world.unrecorded("acme")?;
    block_on(world.repository().insert(&tenant))?;
    ensure_eq!(shown(&world, &TenantFilter::default())?, ["acme"], "later");
    Ok(())
}

pub(crate) fn tenants_are_listed_in_the_order_of_their_creation<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let made: Result<Vec<_>, _> = ["zeta", "alpha", "mid", "beta"]
        .iter()
        .map(|slug| world.unrecorded(slug))
        .collect();
    let made = made?;
    for number in [2, 0, 3, 1] {
        block_on(world.repository().insert(&made[number]))?;
    }
    ensure_eq!(
        shown(&world, &TenantFilter::default())?,
        ["zeta", "alpha", "mid", "beta"],
        "the order"
    );
    Ok(())
}

/// The slugs of everything that the filter shows, by pages of two.
fn shown<H: Harness>(world: &World<H>, filter: &TenantFilter) -> Result<Vec<String>, Violation> {
    by_pages(&*world.repository(), filter, 2)
}

fn by_pages(
    repository: &dyn TenantRepository,
    filter: &TenantFilter,
    size: u16,
) -> Result<Vec<String>, Violation> {
    let mut slugs = Vec::new();
    let mut request = Some(PageRequest::first(PageSize::new(size)?));
    while let Some(page) = request {
        let found = block_on(repository.list(filter, page))?;
        ensure!(
            found.items.len() <= usize::from(size),
            "{} tenants on a page of {size}",
            found.items.len()
        );
        ensure!(
            found.next.is_none() || !found.items.is_empty(),
            "an empty page that has a next one"
        );
        ensure!(slugs.len() < 1_000, "pages without an end");
        slugs.extend(found.items.iter().map(|tenant| tenant.slug().to_string()));
        request = found.next.map(|next| page.at(next));
    }
    Ok(slugs)
}

/// A world with a tenant for each slug and name.
fn named<H: Harness>(tenants: &[(&str, &str)]) -> Result<World<H>, Violation> {
    let world = World::<H>::start();
    for (slug, name) in tenants {
        let mut parts = world.unrecorded(slug)?.into_parts();
        parts.name = TenantName::new(*name)?;
        block_on(world.repository().insert(&restored(parts)?))?;
    }
    Ok(world)
}

fn restored(parts: tenantry::TenantParts) -> Result<Tenant, Violation> {
    Tenant::restore(parts).map_err(|error| Violation::new(error.to_string()))
}

fn numbered<H: Harness>(count: usize) -> Result<(World<H>, Vec<String>), Violation> {
    let world = World::<H>::start();
    let slugs: Vec<_> = (0..count).map(|number| format!("t{number}")).collect();
    for slug in &slugs {
        block_on(world.repository().insert(&world.unrecorded(slug)?))?;
    }
    Ok((world, slugs))
}

pub(crate) fn pages_show_every_tenant_exactly_once<H: Harness>() -> Verdict {
    let (world, slugs) = numbered::<H>(11)?;
    for size in [1, 2, 3, 10, 11, 500] {
        let seen = by_pages(&*world.repository(), &TenantFilter::default(), size)?;
        ensure_eq!(seen, slugs, "pages of {size}");
    }
    Ok(())
}

pub(crate) fn a_page_that_is_just_full_has_no_next_one<H: Harness>() -> Verdict {
    let (world, _) = numbered::<H>(4)?;
    let full = PageRequest::first(PageSize::new(4)?);
    let page = block_on(world.repository().list(&TenantFilter::default(), full))?;
    ensure_eq!(page.items.len(), 4, "the number of tenants on the page");
    ensure_eq!(page.next, None, "the next page");
    let shorter = PageRequest::first(PageSize::new(3)?);
    let page = block_on(world.repository().list(&TenantFilter::default(), shorter))?;
    ensure!(page.next.is_some(), "no next page, with a tenant left");
    Ok(())
}

pub(crate) fn pages_stay_whole_while_others_come_and_go<H: Harness>() -> Verdict {
    let (world, slugs) = numbered::<H>(8)?;
    let repository = world.repository();
    let mut seen: Vec<String> = Vec::new();
    let mut request = Some(PageRequest::first(PageSize::new(2)?));
    let mut turn = 0;
    while let Some(page) = request {
        let found = block_on(repository.list(&TenantFilter::default(), page))?;
        seen.extend(found.items.iter().map(|tenant| tenant.slug().to_string()));
        request = found.next.map(|next| page.at(next));
        ensure!(turn < 50, "pages without an end");
        // One that was shown goes, and one comes that is to be shown last.
        if turn < 3 {
            let gone = block_on(repository.find_by_slug(&Slug::new(&slugs[turn])?))?;
            block_on(repository.remove(gone.id(), Version::FIRST))?;
            block_on(repository.insert(&world.unrecorded(&format!("new{turn}"))?))?;
        }
        turn += 1;
    }
    let steady: Vec<_> = seen
        .into_iter()
        .filter(|slug| !slug.starts_with("new"))
        .collect();
    ensure_eq!(steady, slugs, "the tenants that were there when shown");
    Ok(())
}

/// A world with a tenant in each status.
fn one_of_each<H: Harness>() -> Result<World<H>, Violation> {
    let world = World::<H>::start();
    for status in TenantStatus::ALL {
        let mut parts = world.unrecorded(&format!("{status}-one"))?.into_parts();
        parts.status = status;
        let provisioned = status != TenantStatus::Pending;
        parts.provisioned_at = provisioned.then_some(parts.created_at);
        block_on(world.repository().insert(&restored(parts)?))?;
    }
    Ok(world)
}

pub(crate) fn a_listing_shows_only_the_wanted_status<H: Harness>() -> Verdict {
    let world = one_of_each::<H>()?;
    for status in TenantStatus::ALL {
        ensure_eq!(
            shown(&world, &TenantFilter::status(status))?,
            [format!("{status}-one")],
            "the {status} tenants"
        );
    }
    Ok(())
}

pub(crate) fn a_listing_shows_several_wanted_statuses<H: Harness>() -> Verdict {
    let world = one_of_each::<H>()?;
    let filter = TenantFilter {
        statuses: vec![TenantStatus::Deleted, TenantStatus::Active],
        search: None,
    };
    ensure_eq!(
        shown(&world, &filter)?,
        ["active-one", "deleted-one"],
        "the tenants of both"
    );
    let all = shown(&world, &TenantFilter::default())?;
    ensure_eq!(all.len(), 4, "the number of tenants of all statuses");
    Ok(())
}

/// Whether each search shows these slugs, of tenants that are called so.
fn finds<H: Harness>(tenants: &[(&str, &str)], searches: &[(&str, &[&str])]) -> Verdict {
    let world = named::<H>(tenants)?;
    for (search, slugs) in searches {
        let seen = shown(&world, &TenantFilter::search(*search))?;
        ensure_eq!(seen, *slugs, "the tenants with {search:?}");
    }
    Ok(())
}

pub(crate) fn a_search_finds_a_part_of_the_slug<H: Harness>() -> Verdict {
    finds::<H>(
        &[("acme-labs", "One"), ("labs", "Two"), ("globex", "Three")],
        &[
            ("labs", &["acme-labs", "labs"]),
            ("me-l", &["acme-labs"]),
            ("globex", &["globex"]),
            ("initech", &[]),
        ],
    )
}

pub(crate) fn a_search_finds_a_part_of_the_name<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "Søren & Søn"), ("two", "Soren"), ("three", "東京")],
        &[
            ("n & S", &["one"]),
            ("ren", &["one", "two"]),
            ("京", &["three"]),
        ],
    )
}

pub(crate) fn a_search_finds_ascii_letters_in_either_case<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "ACME"), ("two", "acme"), ("acme-three", "Three")],
        &[
            ("acme", &["one", "two", "acme-three"]),
            ("AcMe", &["one", "two", "acme-three"]),
        ],
    )
}

pub(crate) fn a_search_takes_a_per_cent_sign_literally<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "100% Acme"), ("two", "100 Acme")],
        &[
            ("100%", &["one"]),
            ("%", &["one"]),
            ("0%A", &[]),
            ("%%", &[]),
        ],
    )
}

pub(crate) fn a_search_takes_an_underscore_literally<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "a_c"), ("two", "abc")],
        &[("a_c", &["one"]), ("_", &["one"])],
    )
}

pub(crate) fn a_search_takes_a_backslash_literally<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", r"a\c"), ("two", "ac"), ("three", r"a\%c")],
        &[
            (r"\", &["one", "three"]),
            (r"a\c", &["one"]),
            (r"\%", &["three"]),
            (r"\\", &[]),
        ],
    )
}

pub(crate) fn a_search_takes_an_asterisk_literally<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "a*c?"), ("two", "abcd")],
        &[
            ("a*c", &["one"]),
            ("*", &["one"]),
            ("?", &["one"]),
            ("[b]", &[]),
        ],
    )
}

pub(crate) fn a_search_tells_the_cases_of_other_letters_apart<H: Harness>() -> Verdict {
    finds::<H>(
        &[("one", "Éclair"), ("two", "éclair"), ("three", "Eclair")],
        &[("É", &["one"]), ("é", &["two"]), ("éCLAIR", &["two"])],
    )
}

pub(crate) fn a_search_and_a_status_narrow_together<H: Harness>() -> Verdict {
    let world = one_of_each::<H>()?;
    // The suspended one has the text alone, the active one a status alone.
    let filter = TenantFilter {
        statuses: vec![TenantStatus::Deleted, TenantStatus::Active],
        search: Some("d-one".into()),
    };
    ensure_eq!(
        shown(&world, &filter)?,
        ["deleted-one"],
        "the tenants of both"
    );
    Ok(())
}

pub(crate) fn pages_of_a_search_show_every_match_exactly_once<H: Harness>() -> Verdict {
    let (world, slugs) = numbered::<H>(25)?;
    let wanted: Vec<_> = slugs
        .into_iter()
        .filter(|slug| slug.contains('1'))
        .collect();
    for size in [1, 3, 12] {
        let seen = by_pages(&*world.repository(), &TenantFilter::search("1"), size)?;
        ensure_eq!(seen, wanted, "pages of {size}");
    }
    Ok(())
}
