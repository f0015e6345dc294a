use std::sync::Barrier;
use std::thread;

use serde_json::json;
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{Retry, Slug, TenantStatus};

use crate::support::{World, insert, named, revised, tenant, tenant_id, version, wait};

#[test]
fn what_is_read_equals_what_was_written() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let new = named(&format!("acme-{number}"), "Søren's \"Søn\" \\ 漢字");
        insert(repository, &new);
        assert_eq!(wait(repository.find(new.id())).expect("found"), new);
        assert_eq!(
            wait(repository.find_by_slug(new.slug())).expect("found"),
            new
        );

        let settings = json!({
            "plan": "pro", "größe": [1, -2, 3.5, 1e300, 5e-324, 1.797_693_134_862_315_7e308, 0.1, 1e-7],
            "big": u64::MAX, "small": i64::MIN, "nested": { "": null, "a\nb": "\u{1F600}\t" }, "empty": {}
        });
        let active = revised(&new, TenantStatus::Active, settings);
        wait(repository.update(&active, new.version())).expect("updated");
        assert_eq!(wait(repository.find(new.id())).expect("found"), active);
    }
}

#[test]
fn what_is_unknown_is_not_found_by_the_key_that_was_asked_for() {
    let world = World::new();
    for repository in world.repositories() {
        let nobody = tenant("nobody");
        let (by_id, by_slug) = (TenantKey::Id(nobody.id()), TenantKey::Slug(*nobody.slug()));
        let first = version(1);
        for (outcome, expected) in [
            (wait(repository.find(nobody.id())).map(drop), by_id),
            (
                wait(repository.find_by_slug(nobody.slug())).map(drop),
                by_slug,
            ),
            (wait(repository.update(&nobody, first)), by_id),
            (wait(repository.remove(nobody.id(), first)), by_id),
        ] {
            let error = outcome.expect_err("nobody is there");
            assert!(
                matches!(error, RepositoryError::NotFound { key } if key == expected),
                "{error:?}"
            );
        }
    }
}

#[test]
fn ids_and_slugs_are_unique_and_the_error_says_which_is_taken() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let first = tenant(&format!("acme-{number}"));
        insert(repository, &first);
        let second = tenant(first.slug().as_str());
        let refused = wait(repository.insert(&second)).expect_err("the slug is taken");
        assert!(
            matches!(&refused, RepositoryError::AlreadyExists { key: TenantKey::Slug(slug) } if slug == first.slug()),
            "{refused:?}"
        );
        let refused = wait(repository.insert(&first)).expect_err("the id is taken");
        assert!(
            matches!(refused, RepositoryError::AlreadyExists { .. }),
            "{refused:?}"
        );
        let mut parts = first.clone().into_parts();
        parts.slug = Slug::new("another").expect("a slug");
        let same_id = tenantry::Tenant::restore(parts).expect("consistent");
        let refused = wait(repository.insert(&same_id)).expect_err("the id is taken");
        assert!(
            matches!(&refused, RepositoryError::AlreadyExists { key: TenantKey::Id(id) } if *id == first.id()),
            "{refused:?}"
        );
        assert_eq!(wait(repository.find(first.id())).expect("found"), first);
    }
}

#[test]
fn in_a_race_of_ten_exactly_one_gets_the_slug() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let slug = format!("acme-{number}");
        let start = Barrier::new(10);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let one = || {
                let candidate = tenant(&slug);
                start.wait();
                wait(repository.insert(&candidate))
            };
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(one)).collect();
            threads
                .into_iter()
                .map(|t| t.join().expect("no panic"))
                .collect()
        });
        let losers = outcomes.iter().filter(|outcome| {
            matches!(
                outcome,
                Err(RepositoryError::AlreadyExists {
                    key: TenantKey::Slug(_)
                })
            )
        });
        assert_eq!(losers.count(), 9, "{outcomes:?}");
    }
}

#[test]
fn a_stale_update_or_removal_is_refused_with_both_versions_and_changes_nothing() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let first = tenant(&format!("acme-{number}"));
        insert(repository, &first);
        let second = revised(&first, TenantStatus::Active, json!({ "n": 2 }));
        wait(repository.update(&second, first.version())).expect("updated");

        let late = revised(&first, TenantStatus::Deleted, json!({ "n": 3 }));
        for outcome in [
            wait(repository.update(&late, first.version())),
            wait(repository.remove(first.id(), first.version())),
        ] {
            let stale = outcome.expect_err("it was changed");
            assert_eq!(stale.retry(), Retry::Now);
            assert!(
                matches!(stale, RepositoryError::Stale { id, expected, found }
                    if id == first.id() && expected == version(1) && found == version(2)),
                "{stale:?}"
            );
        }
        assert_eq!(wait(repository.find(first.id())).expect("found"), second);
        wait(repository.remove(first.id(), version(2))).expect("removed");
        let gone = wait(repository.find(first.id())).expect_err("it is gone");
        assert!(matches!(gone, RepositoryError::NotFound { .. }), "{gone:?}");
        insert(repository, &tenant(first.slug().as_str()));
    }
}

#[test]
fn of_ten_updates_at_once_one_wins_and_the_others_are_told_the_version_that_won() {
    let world = World::new();
    for (number, repository) in world.repositories().iter().enumerate() {
        let first = tenant(&format!("acme-{number}"));
        insert(repository, &first);
        let start = Barrier::new(10);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let (start, first) = (&start, &first);
            let threads: Vec<_> = (0..10)
                .map(|n| {
                    scope.spawn(move || {
                        let next = revised(first, TenantStatus::Active, json!({ "n": n }));
                        start.wait();
                        wait(repository.update(&next, first.version()))
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|t| t.join().expect("no panic"))
                .collect()
        });
        let stale = outcomes.iter().filter(|outcome| {
            matches!(outcome, Err(RepositoryError::Stale { found, .. }) if *found == version(2))
        });
        assert_eq!(stale.count(), 9, "{outcomes:?}");
    }
}

#[test]
fn the_slug_the_id_and_the_creation_time_are_never_changed_by_an_update() {
    let world = World::new();
    let repository = world.repository();
    let first = tenant("acme");
    insert(&repository, &first);
    let mut parts = revised(&first, TenantStatus::Active, json!({})).into_parts();
    parts.slug = Slug::new("other").expect("a slug");
    parts.created_at += chrono::TimeDelta::days(1);
    let changed = tenantry::Tenant::restore(parts).expect("consistent");
    wait(repository.update(&changed, first.version())).expect("updated");
    let read = wait(repository.find(first.id())).expect("found");
    assert_eq!(
        (read.slug(), read.created_at()),
        (first.slug(), first.created_at())
    );
    assert_eq!(read.status(), TenantStatus::Active);
}

#[test]
fn a_record_that_was_tampered_with_is_refused_by_the_table_and_by_the_reader() {
    let world = World::new();
    let repository = world.repository();
    let first = tenant("acme");
    insert(&repository, &first);
    let update = |set: &str| format!("update tenantry_tenants set {set}");
    let tampered = [
        ("slug = 'Not a slug'", "tenantry_tenants_slug_form"),
        ("slug = 'xn--acme'", "tenantry_tenants_slug_form"),
        ("slug = 'acme-'", "tenantry_tenants_slug_form"),
        (
            "slug = '018f2d1c-7a3b-7c00-8000-0123456789ab'",
            "tenantry_tenants_slug_form",
        ),
        (
            "slug = '018f2d1c7a3b7c0080000123456789ab'",
            "tenantry_tenants_slug_form",
        ),
        ("name = ''", "tenantry_tenants_name_length"),
        ("status = 'gone'", "tenantry_tenants_status_known"),
        ("version = 0", "tenantry_tenants_version_positive"),
        ("settings = '[]'", "tenantry_tenants_settings_object"),
        ("status = 'active'", "tenantry_tenants_in_use_provisioned"),
        (
            "provisioned_at = now()",
            "tenantry_tenants_pending_unprovisioned",
        ),
    ];
    for (set, constraint) in tampered {
        let refused = format!(
            "do $$ declare named text; begin {}; raise 'accepted'; exception when check_violation then \
             get stacked diagnostics named = constraint_name; assert named = '{constraint}', named; end $$",
            update(set)
        );
        world.sql(&refused);
        world.sql(&format!(
            "alter table tenantry_tenants drop constraint {constraint}"
        ));
        world.sql(&update(set));
        let error = wait(repository.find(first.id())).expect_err(set);
        assert!(
            matches!(
                error,
                RepositoryError::Inconsistent { .. } | RepositoryError::Unreadable { .. }
            ),
            "{set}: {error:?}"
        );
        world.sql(&update(
            "slug = 'acme', name = 'Acme', status = 'pending', version = 1, settings = '{}', provisioned_at = null",
        ));
        if constraint == "tenantry_tenants_slug_form" {
            world.sql(
                "alter table tenantry_tenants add constraint tenantry_tenants_slug_form \
                 check (slug ~ '^[a-z0-9][a-z0-9-]{0,54}[a-z0-9]$' and slug !~ '^xn--' \
                 and slug !~ '^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$')",
            );
        }
    }
    assert_eq!(wait(repository.find(first.id())).expect("mended"), first);
}

#[test]
fn ids_of_another_kind_are_an_error_and_not_skipped() {
    let world = World::new();
    world.sql(
        "insert into tenantry_tenants values \
         (gen_random_uuid(), 'acme', 'Acme', 'pending', 1, now(), null, '{}')",
    );
    let slug = Slug::new("acme").expect("a slug");
    let error = wait(world.repository().find_by_slug(&slug)).expect_err("a random id");
    assert!(matches!(error, RepositoryError::Failed { .. }), "{error:?}");
    let _ = tenant_id();
}
