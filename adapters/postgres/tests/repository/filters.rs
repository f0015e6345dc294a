use tenantry::ports::TenantRepository;
use tenantry::{Cursor, PageRequest, PageSize, Tenant, TenantFilter, TenantId, TenantStatus};

use crate::support::{World, insert, named, revised, tenant, wait};

fn all_pages(
    repository: &impl TenantRepository,
    filter: &TenantFilter,
    size: u16,
) -> Vec<TenantId> {
    let mut found = Vec::new();
    let mut page = Some(PageRequest::first(PageSize::new(size).expect("a size")));
    while let Some(request) = page {
        let answer = wait(repository.list(filter, request)).expect("a page");
        assert!(answer.items.len() <= usize::from(size));
        found.extend(answer.items.iter().map(Tenant::id));
        page = answer.next.map(|next: Cursor| request.at(next));
    }
    found
}

/// The filter's definition is the core's: every text against every name, in every status.
#[test]
fn a_filter_shows_exactly_what_its_definition_shows() {
    let world = World::new();
    let names = [
        "Acme",
        "ACME Ltd",
        "a%me",
        "a_me",
        "a*me",
        "a\\me",
        "Ünïcode",
        "ünïcode",
        "İstanbul",
        "straße",
        "STRASSE",
        "ſharp",
        "K elvin",
        "ЖУК",
        "жук",
        "x'y",
        "x\"y",
        "日本",
        "100%",
        "tab-less",
    ];
    let statuses = TenantStatus::ALL;
    let repository = world.repository();
    let tenants: Vec<Tenant> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let new = named(&format!("slug-{number}-{}", ["aa", "bb"][number % 2]), name);
            insert(&repository, &new);
            match statuses[number % statuses.len()] {
                TenantStatus::Pending => new,
                status => {
                    let next = revised(&new, status, serde_json::json!({}));
                    wait(repository.update(&next, new.version())).expect("updated");
                    next
                }
            }
        })
        .collect();
    let mut searches: Vec<Option<String>> = vec![None, Some(String::new())];
    let texts = [
        "%",
        "_",
        "*",
        "\\",
        "acme",
        "ACME",
        "cme l",
        "ü",
        "Ü",
        "i",
        "İ",
        "ß",
        "ss",
        "SS",
        "s",
        "ſ",
        "k",
        "K",
        "ж",
        "Ж",
        "'",
        "\"",
        "日",
        "SLUG-1",
        "-bb",
        "100%",
        "nothing",
        "a\0b",
        "' or true --",
        " ",
    ];
    searches.extend(texts.iter().map(|text| Some((*text).to_owned())));
    let some = [
        vec![],
        vec![TenantStatus::Active],
        vec![TenantStatus::Pending, TenantStatus::Deleted],
        vec![TenantStatus::Suspended, TenantStatus::Suspended],
    ];
    let mut shown = 0;
    for repository in world.repositories() {
        for search in &searches {
            for statuses in &some {
                let filter = TenantFilter {
                    statuses: statuses.clone(),
                    search: search.clone(),
                };
                let expected: Vec<TenantId> = tenants
                    .iter()
                    .filter(|tenant| filter.matches(tenant))
                    .map(Tenant::id)
                    .collect();
                shown += expected.len();
                assert_eq!(all_pages(&repository, &filter, 3), expected, "{filter:?}");
            }
        }
    }
    assert!(shown > 400, "the filters show something: {shown}");
}

#[test]
fn pages_follow_each_other_by_id_also_while_others_come_and_go() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let tenants: Vec<Tenant> = (0..7).map(|n| tenant(&format!("t{n}-{number}"))).collect();
        for tenant in tenants.iter().rev() {
            insert(repository, tenant);
        }
        let ids: Vec<TenantId> = tenants.iter().map(Tenant::id).collect();
        let everything = TenantFilter::search(format!("-{number}"));
        for size in [1, 2, 3, 6, 7, 8, 500] {
            assert_eq!(all_pages(repository, &everything, size), ids, "{size}");
        }

        let request = PageRequest::first(PageSize::new(3).expect("a size"));
        let first = wait(repository.list(&everything, request)).expect("a page");
        wait(repository.remove(ids[2], tenants[2].version())).expect("removed");
        wait(repository.remove(ids[4], tenants[4].version())).expect("removed");
        insert(repository, &tenant(&format!("late-{number}")));
        let next = request.at(first.next.expect("a next page"));
        let second = wait(repository.list(&everything, next)).expect("a page");
        let seen: Vec<TenantId> = second.items.iter().map(Tenant::id).collect();
        assert_eq!(seen, [ids[3], ids[5], ids[6]]);
    }
}

#[test]
fn a_last_page_that_is_exactly_full_has_no_next_one() {
    let world = World::new();
    let repository = world.repository();
    for number in 0..4 {
        insert(&repository, &tenant(&format!("t{number}")));
    }
    let request = PageRequest::first(PageSize::new(4).expect("a size"));
    let page = wait(repository.list(&TenantFilter::default(), request)).expect("a page");
    assert_eq!((page.items.len(), page.next), (4, None));
}
