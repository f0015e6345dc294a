//! The table, the server and the role.

use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry::{PageRequest, Retry, TenantFilter};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresTenantRepository, SharedMigrations};

use crate::support::{World, insert, tenant, version, wait};

#[test]
fn without_the_table_every_method_says_what_to_run() {
    let world = World::without_the_table();
    for repository in world.repositories() {
        let acme = tenant("acme");
        for outcome in [
            wait(repository.insert(&acme)),
            wait(repository.find(acme.id())).map(drop),
            wait(repository.find_by_slug(acme.slug())).map(drop),
            wait(repository.list(&TenantFilter::default(), PageRequest::default())).map(drop),
            wait(repository.update(&acme, version(1))),
            wait(repository.remove(acme.id(), version(1))),
        ] {
            let error = outcome.expect_err("there is no table");
            assert!(
                matches!(error, RepositoryError::NotSetUp { .. }),
                "{error:?}"
            );
            assert!(error.to_string().contains("tenantry setup"), "{error}");
        }
    }
}

#[test]
fn a_table_that_lacks_a_column_isn_t_set_up_either() {
    let world = World::new();
    world.sql("alter table tenantry_tenants drop column settings");
    for repository in world.repositories() {
        let error = wait(repository.find(tenant("acme").id())).expect_err("a column is gone");
        assert!(
            matches!(error, RepositoryError::NotSetUp { .. }),
            "{error:?}"
        );
    }
}

#[test]
fn a_role_that_may_not_read_the_table_is_told_apart_from_a_table_that_is_missing() {
    let world = World::new();
    let role = format!("stranger_{}", world.database);
    world.sql(&format!("create role {role} login"));
    let repository = PostgresTenantRepository::new(world.config.clone().with("user", role));
    let error = wait(repository.find(tenant("acme").id())).expect_err("it may not");
    assert!(matches!(error, RepositoryError::Failed { .. }), "{error:?}");
}

#[test]
fn a_table_of_the_same_name_that_comes_first_in_a_path_is_never_taken() {
    let world = World::new();
    let decoy = format!(
        "create schema decoy; create table decoy.tenantry_tenants (like public.tenantry_tenants); \
         alter database {} set search_path = decoy",
        world.database
    );
    world.sql(&decoy);
    for (number, repository) in world.repositories().iter().enumerate() {
        insert(repository, &tenant(&format!("acme-{number}")));
    }
    assert_eq!(
        world.sql("select count(*) from decoy.tenantry_tenants"),
        "0"
    );
    assert_eq!(
        world.sql("select count(*) from public.tenantry_tenants"),
        "2"
    );
}

#[test]
fn a_server_that_comes_back_is_used_again_by_the_same_repository() {
    let server = Postgres::start().expect("a server");
    let config: tenantry_postgres::PostgresConfig = server.url().parse().expect("a URL");
    wait(SharedMigrations::of_tenantry(config.clone()).run()).expect("set up");
    let repository = PostgresTenantRepository::new(config);
    let acme = tenant("acme");
    insert(&repository, &acme);

    server.stop().expect("stopped");
    for _ in 0..2 {
        let away = wait(repository.find(acme.id())).expect_err("it is away");
        assert!(
            matches!(away, RepositoryError::Unavailable { .. }),
            "{away:?}"
        );
        assert_eq!(away.retry(), Retry::Later);
    }
    server.start_again().expect("started");
    assert_eq!(wait(repository.find(acme.id())).expect("found"), acme);
}

#[test]
fn a_future_that_is_dropped_leaves_the_repository_usable() {
    let world = World::new();
    for repository in world.repositories() {
        let acme = tenant("acme");
        for _ in 0..20 {
            let mut future = Box::pin(repository.find(acme.id()));
            let _ = wait(futures_lite::future::poll_once(&mut future));
        }
        let nobody = wait(repository.find(acme.id())).expect_err("nobody is there");
        assert!(
            matches!(nobody, RepositoryError::NotFound { .. }),
            "{nobody:?}"
        );
    }
}
