//! The table of accounts goes on being the shop's, and is Tenantry's, too.

mod world;

use futures_lite::future::block_on;
use shop::{AccountRepository, AdoptError};
use tenantry::ports::{RepositoryError, TenantRepository};
use tenantry::{
    Actor, NewTenant, PageRequest, Retry, Slug, TenantFilter, TenantName, TenantStatus,
};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::TenantPool;

use world::Database;

const THREE_ACCOUNTS: &str = "
    INSERT INTO accounts (handle, display_name, plan, billing_email, created_at) VALUES
        ('globex', 'Globex', 'pro', 'hank@globex.example', '2021-05-01 12:00:00.123456Z'),
        ('acme', 'Acme Laboratories', 'free', NULL, '2020-01-01 08:30:00Z'),
        ('initech', 'Initech', 'free', NULL, '2022-09-30 23:59:59Z')";

#[test]
fn accounts_that_were_there_become_tenants_in_the_order_of_their_creation() {
    let database = Database::of_old(THREE_ACCOUNTS);
    let _shop = database.shop();
    let page = block_on(
        database
            .accounts()
            .list(&TenantFilter::default(), PageRequest::default()),
    )
    .unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|tenant| (tenant.slug().as_str(), tenant.status()))
        .collect();
    let pending = TenantStatus::Pending;
    assert_eq!(
        seen,
        [("acme", pending), ("globex", pending), ("initech", pending)]
    );
    let globex = database.find("globex").unwrap();
    assert_eq!(
        globex.created_at().to_rfc3339(),
        "2021-05-01T12:00:00.123456+00:00"
    );
}

#[test]
fn what_inserts_accounts_and_knows_nothing_of_tenants_makes_pending_ones() {
    let database = Database::of_old("");
    let _shop = database.shop();
    database.sql(THREE_ACCOUNTS);
    let acme = database.find("acme").unwrap();
    assert_eq!(acme.status(), TenantStatus::Pending);
    assert_ne!(acme.id(), database.find("globex").unwrap().id());
}

#[test]
fn adopted_accounts_have_schemas_and_the_shops_columns_stay_as_they_were() {
    let database = Database::of_old(THREE_ACCOUNTS);
    let before = database.sql("SELECT id, handle, plan, billing_email, created_at FROM accounts");
    let shop = database.shop();
    assert_eq!(block_on(shop.adopt()).unwrap(), 3);
    let active = database.find("acme").unwrap();
    assert_eq!(active.status(), TenantStatus::Active);
    assert_eq!(shop.notes("acme").unwrap(), [""; 0]);
    let after = "SELECT id, handle, plan, billing_email, created_at FROM accounts ORDER BY id";
    assert_eq!(database.sql(after), before);
    assert_eq!(block_on(shop.adopt()).unwrap(), 0, "once is enough");
}

#[test]
fn an_account_that_was_frozen_before_gets_a_schema_and_stays_frozen() {
    let database = Database::of_old(THREE_ACCOUNTS);
    database.sql("UPDATE accounts SET frozen_at = '2023-01-01Z' WHERE handle = 'globex'");
    let shop = database.shop();
    block_on(shop.adopt()).unwrap();
    let globex = database.find("globex").unwrap();
    assert_eq!(globex.status(), TenantStatus::Suspended);
    assert_eq!(shop.notes("globex").unwrap_err().status(), 403);
    assert_eq!(
        database.sql("SELECT frozen_at = '2023-01-01Z' FROM accounts WHERE handle = 'globex'"),
        "t"
    );
    // The control: thawing it lets it in, so the schema was there.
    block_on(shop.tenants().activate(globex.id(), &Actor::system())).unwrap();
    assert_eq!(shop.notes("globex").unwrap(), [""; 0]);
}

#[test]
fn accounts_that_can_t_be_tenants_are_named_and_none_is_adopted() {
    let database = Database::of_old(THREE_ACCOUNTS);
    database.sql(
        "INSERT INTO accounts (handle, display_name) VALUES ('admin', 'Us'), ('blank', 'At the end ')",
    );
    let shop = database.shop();
    let refused = block_on(shop.adopt()).unwrap_err();
    let text = refused.to_string();
    let AdoptError::Unfit { accounts } = refused else {
        panic!("{refused:?}");
    };
    let numbers: Vec<_> = accounts.iter().map(|account| account.id).collect();
    assert_eq!(numbers, [4, 5], "{text}");
    assert!(text.contains("account 4: slug") && text.contains("account 5: tenant name"));
    assert_eq!(
        database.find("acme").unwrap().status(),
        TenantStatus::Pending
    );
    assert!(matches!(
        database.find("blank"),
        Err(RepositoryError::Unreadable { .. })
    ));
}

#[test]
fn a_handle_that_no_schema_can_be_called_after_stops_the_migration_which_changes_nothing() {
    let database =
        Database::of_old("INSERT INTO accounts (handle, display_name) VALUES ('A_b', 'x')");
    assert!(database.try_shop().is_err());
    let added = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'accounts'::regclass \
                 AND attname = 'tenant_id'";
    assert_eq!(database.sql(added), "0");
    database.sql("UPDATE accounts SET handle = 'a-b'");
    let _shop = database.shop();
    assert_eq!(database.sql(added), "1");
}

#[test]
fn a_tenants_life_is_seen_in_the_shops_own_columns() {
    let database = Database::empty();
    let shop = database.shop();
    let (tenants, actor) = (shop.tenants(), Actor::system());
    let new = NewTenant::new(Slug::new("acme").unwrap(), TenantName::new("Acme").unwrap());
    let acme = block_on(tenants.create(new, &actor)).unwrap();
    let columns = || {
        database.sql("SELECT plan, provisioned_at IS NOT NULL, frozen_at IS NOT NULL, closed_at IS NOT NULL FROM accounts")
    };
    assert_eq!(columns(), "free|f|f|f");
    block_on(tenants.provision(acme.id(), &actor)).unwrap();
    assert_eq!(columns(), "free|t|f|f");
    block_on(tenants.suspend(acme.id(), &actor)).unwrap();
    assert_eq!(columns(), "free|t|t|f");
    block_on(tenants.activate(acme.id(), &actor)).unwrap();
    assert_eq!(columns(), "free|t|f|f");
    block_on(tenants.suspend(acme.id(), &actor)).unwrap();
    block_on(tenants.delete(acme.id(), &actor)).unwrap();
    assert_eq!(columns(), "free|t|t|t");
    block_on(tenants.purge(acme.id(), &actor)).unwrap();
    assert_eq!(columns(), "");
}

#[test]
fn an_account_that_the_shops_own_code_froze_is_refused_at_once() {
    let database = Database::of_old(THREE_ACCOUNTS);
    let shop = database.shop();
    block_on(shop.adopt()).unwrap();
    assert!(shop.notes("acme").is_ok());
    database.sql("UPDATE accounts SET frozen_at = now() WHERE handle = 'acme'");
    assert_eq!(shop.notes("acme").unwrap_err().status(), 403);
}

#[test]
fn a_change_by_the_shops_own_code_makes_an_update_stale() {
    let database = Database::of_old(THREE_ACCOUNTS);
    let _shop = database.shop();
    let read = database.find("acme").unwrap();
    database.sql("UPDATE accounts SET display_name = 'Acme Ltd' WHERE handle = 'acme'");
    let outcome = block_on(database.accounts().update(&read, read.version()));
    assert!(matches!(
        outcome,
        Err(RepositoryError::Stale { found, .. }) if found == read.version().next()
    ));
    assert_eq!(database.find("acme").unwrap().name().as_str(), "Acme Ltd");
    // The control: what is none of Tenantry's business is no change.
    let read = database.find("acme").unwrap();
    database.sql("UPDATE accounts SET plan = 'pro' WHERE handle = 'acme'");
    assert_eq!(database.find("acme").unwrap(), read);
}

#[test]
fn a_handle_is_kept_by_the_table_itself() {
    let database = Database::of_old(THREE_ACCOUNTS);
    let _shop = database.shop();
    let moved = database.try_sql("UPDATE accounts SET handle = 'other' WHERE handle = 'acme'");
    assert!(moved.unwrap_err().contains("keeps its tenant id, handle"));
    assert!(database.find("acme").is_ok());
}

#[test]
fn without_the_columns_or_the_table_the_store_isn_t_set_up() {
    for database in [Database::of_old(THREE_ACCOUNTS), Database::empty()] {
        assert!(matches!(
            database.find("acme"),
            Err(RepositoryError::NotSetUp { .. })
        ));
    }
}

#[test]
fn a_unique_column_of_the_shops_own_isn_t_taken_for_a_tenants() {
    let database = Database::of_old("ALTER TABLE accounts ADD UNIQUE (plan)");
    let shop = database.shop();
    let create = |slug: &str| {
        let new = NewTenant::new(Slug::new(slug).unwrap(), TenantName::new("One").unwrap());
        block_on(shop.tenants().create(new, &Actor::system()))
    };
    create("one").unwrap();
    let refused = create("two").unwrap_err();
    assert!(
        matches!(
            refused,
            tenantry::ServiceError::Repository(RepositoryError::Failed { .. })
        ),
        "{refused:?}"
    );
}

#[test]
fn a_server_that_is_away_is_unavailable_and_worth_another_try() {
    let server = Postgres::start().unwrap();
    let config = server.create_database().unwrap().parse().unwrap();
    let accounts = AccountRepository::new(TenantPool::new(config).unwrap());
    let slug = Slug::new("acme").unwrap();
    let found = block_on(accounts.find_by_slug(&slug));
    assert!(matches!(found, Err(RepositoryError::NotSetUp { .. })));
    server.stop().unwrap();
    let error = block_on(accounts.find_by_slug(&slug)).unwrap_err();
    assert!(
        matches!(error, RepositoryError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(error.retry(), Retry::Later);
}
