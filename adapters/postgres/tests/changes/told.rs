//! What is told, and when.

use std::time::{Duration, Instant};

use tenantry::lifecycle::{Command, decide};
use tenantry::ports::{ChangeSignal, TenantRepository};
use tenantry::{Actor, Settings, TenantName};
use tenantry_postgres::{PostgresTenantChanges, SharedMigrations, SharedSchema};

use crate::world::{Feed, IN_TIME, TRIES, World, now, tenant, wait};

#[test]
fn every_change_of_a_tenants_life_is_noted_once_and_told_to_every_process() {
    let world = World::new();
    let (feed, elsewhere) = (world.feed(), world.feed());
    let repository = world.repository();
    let mut acme = tenant(1);
    let told = ChangeSignal::Tenant(acme.id());
    wait(repository.insert(&acme)).unwrap();
    feed.must_tell(told, "created");
    elsewhere.must_tell(told, "created, in the other process");
    let mut noted = vec![acme.id().to_string()];
    assert_eq!(world.noted(), noted, "created");
    for command in [
        Command::MarkProvisioned,
        Command::Rename(TenantName::new("Acme Laboratories").unwrap()),
        Command::ChangeSettings(Settings::new(serde_json::json!({ "plan": "gold" })).unwrap()),
        Command::Suspend,
        Command::Activate,
        Command::Suspend,
        Command::Delete,
    ] {
        let next = decide(&acme, command.clone(), &Actor::system(), now())
            .unwrap()
            .tenant;
        for feed in [&feed, &elsewhere] {
            feed.until_current();
        }
        wait(repository.update(&next, acme.version())).unwrap();
        noted.push(acme.id().to_string());
        assert_eq!(world.noted(), noted, "{}", command.as_str());
        feed.must_tell(told, command.as_str());
        elsewhere.must_tell(told, command.as_str());
        acme = next;
    }
    for feed in [&feed, &elsewhere] {
        feed.until_current();
    }
    wait(repository.remove(acme.id(), acme.version())).unwrap();
    noted.push(acme.id().to_string());
    assert_eq!(world.noted(), noted, "purged");
    feed.must_tell(told, "purged");
    elsewhere.must_tell(told, "purged, in the other process");
}

#[test]
fn what_another_process_changes_by_hand_is_told() {
    let world = World::new();
    let acme = world.tenant(1);
    let feed = world.feed();
    world.sql("UPDATE tenantry_tenants SET name = 'By hand'");
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "an update by hand");
    feed.until_current();
    world.sql("DELETE FROM tenantry_tenants");
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "a deletion by hand");
    let id = acme.id().to_string();
    assert_eq!(world.noted(), vec![id; 3], "made, changed and deleted");
    world.sql("TRUNCATE tenantry_tenants");
    feed.must_tell(ChangeSignal::Everything, "a table emptied by hand");
}

#[test]
fn a_change_is_told_after_its_commit_and_one_that_is_rolled_back_is_not() {
    let world = World::new();
    let (acme, other) = (world.tenant(1), world.tenant(2));
    let feed = world.feed();
    let change = |id: tenantry::TenantId| {
        format!("UPDATE tenantry_tenants SET name = 'New' WHERE id = '{id}'")
    };
    world.sql(&format!("BEGIN; {}; ROLLBACK", change(acme.id())));
    assert!(feed.until_current().is_empty(), "it was rolled back");
    world.sql(&change(other.id()));
    feed.must_tell(ChangeSignal::Tenant(other.id()), "the control");
}

#[test]
fn changes_that_commit_in_another_order_than_they_were_made_are_all_told() {
    let world = World::new();
    let (acme, other) = (world.tenant(1), world.tenant(2));
    let feed = world.feed();
    let mut early = diesel_connection(&world);
    execute(
        &mut early,
        &format!(
            "BEGIN; UPDATE tenantry_tenants SET name = 'Early' WHERE id = '{}'",
            acme.id()
        ),
    );
    world.sql(&format!(
        "UPDATE tenantry_tenants SET name = 'Late' WHERE id = '{}'",
        other.id()
    ));
    feed.must_tell(
        ChangeSignal::Tenant(other.id()),
        "the later one, which commits first",
    );
    assert!(
        feed.until_current().is_empty(),
        "the earlier one isn't committed"
    );
    execute(&mut early, "COMMIT");
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "the earlier one");
}

#[test]
fn a_change_whose_notification_is_lost_is_told() {
    let world = World::new();
    let feed = world.feed();
    let id = tenant(1).id();
    world.sql(&format!(
        "INSERT INTO tenantry_tenant_changes (tenant_id) VALUES ('{id}')"
    ));
    feed.must_tell(ChangeSignal::Tenant(id), "nobody was notified of it");
}

#[test]
fn a_change_is_told_within_a_second_whether_its_notification_comes_or_is_lost() {
    let world = World::new();
    let feed = world.feed();
    let repository = world.repository();
    let in_time = |change: &dyn Fn(u8) -> tenantry::TenantId, first: u8| {
        (first..first + TRIES).any(|number| {
            let began = Instant::now();
            let id = change(number);
            feed.must_tell(ChangeSignal::Tenant(id), "a change");
            began.elapsed() < IN_TIME
        })
    };
    let notified = |number| {
        let tenant = tenant(number);
        wait(repository.insert(&tenant)).unwrap();
        tenant.id()
    };
    assert!(in_time(&notified, 1), "with its notification");
    let lost = |number| {
        let id = tenant(number).id();
        world.sql(&format!(
            "INSERT INTO tenantry_tenant_changes (tenant_id) VALUES ('{id}')"
        ));
        id
    };
    assert!(in_time(&lost, 101), "without");
}

#[test]
fn a_thousand_tenants_of_one_transaction_are_all_told() {
    let world = World::new();
    let feed = world.feed();
    world.sql(
        "INSERT INTO tenantry_tenants (id, slug, name, status, version, created_at, settings) \
         SELECT ('01890a5d-ac96-774b-bcce-' || lpad(n::text, 12, '0'))::uuid, 't' || n, 'T', 'pending', 1, now(), '{}' \
         FROM generate_series(1, 1000) AS n",
    );
    assert_eq!(feed.until_current().len(), 1000);
}

#[test]
fn a_connected_feed_proves_several_times_a_second_that_it_is_current() {
    let world = World::new();
    let feed = world.feed();
    let in_time = (0..TRIES).any(|_| {
        let began = Instant::now();
        let mut fresh = true;
        for _ in 0..3 {
            match feed.next() {
                ChangeSignal::Current { age } => fresh &= age < IN_TIME,
                signal => panic!("{signal:?}"),
            }
        }
        fresh && began.elapsed() < IN_TIME
    });
    assert!(in_time, "three times within a second");
}

#[test]
fn a_role_that_may_only_write_tenants_has_its_changes_told() {
    let world = World::new();
    let acme = world.tenant(1);
    let role = format!("writer_of_{}", world.database);
    world.sql(&format!(
        "CREATE ROLE {role}; GRANT SELECT, UPDATE ON tenantry_tenants TO {role}"
    ));
    let feed = world.feed();
    world.sql(&format!(
        "SET ROLE {role}; UPDATE tenantry_tenants SET name = 'New'"
    ));
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "its change");
}

#[test]
fn a_host_s_own_table_with_the_trigger_tells_of_both_tenants_that_a_row_concerns() {
    let world = World::new();
    world.sql(
        "CREATE TABLE accounts (number int, tenant_id uuid); \
         CREATE TRIGGER accounts_noted AFTER INSERT OR UPDATE OR DELETE ON accounts \
         FOR EACH ROW EXECUTE FUNCTION tenantry_note_change('tenant_id')",
    );
    let (acme, other) = (tenant(1).id(), tenant(2).id());
    let feed = world.feed();
    world.sql("INSERT INTO accounts VALUES (1, NULL)");
    assert!(feed.until_current().is_empty(), "it is no tenant's");
    world.sql(&format!("UPDATE accounts SET tenant_id = '{acme}'"));
    feed.must_tell(ChangeSignal::Tenant(acme), "it became a tenant's");
    world.sql(&format!("UPDATE accounts SET tenant_id = '{other}'"));
    let mut of_both = [acme.to_string(), other.to_string()];
    of_both.sort();
    let mut noted = world.noted().split_off(1);
    noted.sort();
    assert_eq!(noted, of_both, "it became another's");
    let told = feed.until_current();
    assert!(told.contains(&ChangeSignal::Tenant(other)), "{told:?}");
    world.sql("DELETE FROM accounts");
    assert_eq!(world.noted().split_off(3), [other.to_string()]);
    feed.must_tell(ChangeSignal::Tenant(other), "it is gone");
}

#[test]
fn changes_in_another_shared_schema_are_told_there() {
    let world = World::without_tables();
    let shared: SharedSchema = "accounts".parse().unwrap();
    let migrations = SharedMigrations::of_tenantry(world.config.clone());
    wait(migrations.with_shared_schema(shared.clone()).run()).unwrap();
    let changes = PostgresTenantChanges::start_in_schema(world.config.clone(), &shared).unwrap();
    let feed = Feed::of(changes);
    feed.must_tell(ChangeSignal::Connected, "the start");
    let acme = tenant(1);
    let repository = tenantry_postgres::PostgresTenantRepository::in_schema(world.config, &shared);
    wait(repository.insert(&acme)).unwrap();
    feed.must_tell(ChangeSignal::Tenant(acme.id()), "its tenant");
}

#[test]
fn notes_of_more_than_a_day_ago_are_forgotten_and_newer_ones_are_not() {
    let world = World::new();
    world.tenant(1);
    world.sql("UPDATE tenantry_tenant_changes SET noted_at = now() - interval '25 hours'");
    world.tenant(2);
    world.tenant(3);
    assert_eq!(
        world.sql("SELECT count(*) FROM tenantry_tenant_changes"),
        "2"
    );
}

fn diesel_connection(world: &World) -> diesel::PgConnection {
    let timeout = Duration::from_secs(5);
    let mut connection = world.config.connect_administrative(timeout).unwrap();
    execute(&mut connection, "SET search_path = public");
    connection
}

fn execute(connection: &mut diesel::PgConnection, sql: &str) {
    diesel::connection::SimpleConnection::batch_execute(connection, sql).unwrap();
}
