//! Moving an application that had one tenant: nothing is lost, nothing is moved twice, and it can be cut anywhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::DateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, sql_query};
use tenantry::{SchemaName, Slug, TenantId, TenantSchema};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::adoption::{Adoption, AdoptionError, AdoptionProgress, TableReport, adopt};
use tenantry_postgres::mark_of;

/// The same tables in both schemas; the tenant has its own enum type, as its migrations make it.
const TABLES: &str = "
    CREATE TYPE mood AS ENUM ('calm', 'busy');
    CREATE TABLE customers (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name TEXT NOT NULL,
        shouted TEXT GENERATED ALWAYS AS (upper(name)) STORED,
        mood mood NOT NULL DEFAULT 'calm',
        referred_by BIGINT REFERENCES customers);
    CREATE TABLE orders (
        customer BIGINT NOT NULL REFERENCES customers,
        number INTEGER NOT NULL,
        total NUMERIC(12, 2) NOT NULL,
        placed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (customer, number));";

const ROWS: &str = "
    INSERT INTO customers (name, mood, referred_by)
        SELECT 'customer ' || n, (CASE WHEN n % 2 = 0 THEN 'busy' ELSE 'calm' END)::mood,
               nullif(n - 1, 0)
        FROM generate_series(1, 50) n;
    INSERT INTO orders SELECT 1 + n % 50, n, n * 1.25 FROM generate_series(1, 500) n;";

struct World {
    connection: PgConnection,
    schema: TenantSchema,
}

impl World {
    fn start() -> Self {
        let url = Postgres::shared().create_database().unwrap();
        let mut connection = PgConnection::establish(&url).unwrap();
        let tenant = TenantId::from_parts(DateTime::from_timestamp(1, 0).unwrap(), [7; 10]);
        let name = SchemaName::of(&Slug::new("acme").unwrap());
        let mark = mark_of(tenant);
        let set_up = format!(
            "{TABLES} {ROWS} CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS '{mark}'; \
             SET search_path = {name}; {TABLES} RESET search_path;"
        );
        connection.batch_execute(&set_up).unwrap();
        Self {
            connection,
            schema: TenantSchema { tenant, name },
        }
    }

    fn adopt(&mut self, remove: bool) -> Result<Vec<TableReport>, AdoptionError> {
        self.adopt_with(remove, &mut |_| {})
    }

    fn adopt_with(
        &mut self,
        remove: bool,
        progress: &mut dyn FnMut(AdoptionProgress<'_>),
    ) -> Result<Vec<TableReport>, AdoptionError> {
        let tables = vec!["orders".to_owned(), "customers".to_owned()];
        let adoption = Adoption {
            shared_schema: "public".into(),
            tables,
            batch: 64,
            remove,
        };
        adopt(&mut self.connection, &self.schema, &adoption, progress)
    }

    fn execute(&mut self, sql: &str) {
        self.connection.batch_execute(sql).unwrap();
    }

    fn count(&mut self, table: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let sql = format!("SELECT count(*) AS count FROM {table}");
        sql_query(sql)
            .get_result::<Count>(&mut self.connection)
            .unwrap()
            .count
    }

    fn text(&mut self, sql: &str) -> String {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            text: String,
        }
        sql_query(sql)
            .get_result::<Row>(&mut self.connection)
            .unwrap()
            .text
    }
}

#[test]
fn every_row_arrives_with_its_key_its_type_and_its_references() {
    let mut world = World::start();
    let everything = "SELECT string_agg(c::text, ',' ORDER BY id) || \
                      (SELECT string_agg(o::text, ',' ORDER BY number) FROM orders o) AS text \
                      FROM customers c";
    let before = world.text(everything);
    let reports = world.adopt(false).unwrap();
    assert_eq!(
        reports.iter().map(|r| r.shared.rows).collect::<Vec<_>>(),
        [50, 500]
    );
    assert!(
        reports
            .iter()
            .all(|r| r.shared == r.tenant && r.different == 0 && r.removed == 0)
    );
    world.execute("SET search_path = tenant_acme");
    assert_eq!(world.text(everything), before);
    world.execute("RESET search_path");
    assert_eq!(
        world.count("public.orders"),
        500,
        "the originals stay until they are to go"
    );
}

#[test]
fn a_new_row_gets_a_number_beyond_the_copied_ones() {
    let mut world = World::start();
    world.adopt(false).unwrap();
    let added =
        "INSERT INTO tenant_acme.customers (name) VALUES ('new') RETURNING id::text AS text";
    assert_eq!(world.text(added), "51");
}

#[test]
fn the_originals_go_once_every_copy_is_verified() {
    let mut world = World::start();
    let reports = world.adopt(true).unwrap();
    assert_eq!(
        reports.iter().map(|r| r.removed).collect::<Vec<_>>(),
        [50, 500]
    );
    assert_eq!(
        (
            world.count("public.customers"),
            world.count("public.orders")
        ),
        (0, 0)
    );
    let moved = (
        world.count("tenant_acme.customers"),
        world.count("tenant_acme.orders"),
    );
    assert_eq!(moved, (50, 500));
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let mut world = World::start();
    let first = world.adopt(false).unwrap();
    let mut batches = 0;
    let second = world.adopt_with(false, &mut |_| batches += 1).unwrap();
    assert_eq!((second, batches), (first, 0));
}

#[test]
fn a_run_that_was_cut_after_any_batch_is_finished_by_the_next() {
    for cut in 1..=18 {
        let mut world = World::start();
        let mut batches = 0;
        let cut_short = catch_unwind(AssertUnwindSafe(|| {
            world.adopt_with(true, &mut |_| {
                batches += 1;
                assert!(batches < cut, "cut here");
            })
        }));
        assert!(
            cut_short.is_err(),
            "the run ended before it was cut at {cut}"
        );
        world.adopt(true).unwrap();
        let left = world.count("public.customers") + world.count("public.orders");
        let moved = (
            world.count("tenant_acme.customers"),
            world.count("tenant_acme.orders"),
        );
        assert_eq!((left, moved), (0, (50, 500)), "cut at {cut}");
    }
}

#[test]
fn a_tenants_other_row_under_the_same_key_stops_the_removal_and_is_kept() {
    let mut world = World::start();
    world.execute(
        "INSERT INTO tenant_acme.customers (id, name) OVERRIDING SYSTEM VALUE VALUES (7, 'mine')",
    );
    let refused = world.adopt(true).unwrap_err();
    assert!(
        matches!(refused, AdoptionError::RowsDiffer { different: 1, .. }),
        "{refused}"
    );
    assert_eq!(
        (
            world.count("public.customers"),
            world.count("public.orders")
        ),
        (50, 500)
    );
    let kept = world.text("SELECT name AS text FROM tenant_acme.customers WHERE id = 7");
    assert_eq!(kept, "mine");
}

#[test]
fn rows_that_the_tenant_has_beside_them_do_not_disturb_the_comparison() {
    let mut world = World::start();
    world.execute(
        "INSERT INTO tenant_acme.customers (id, name) OVERRIDING SYSTEM VALUE VALUES (900, 'mine')",
    );
    world.adopt(true).unwrap();
    assert_eq!(world.count("tenant_acme.customers"), 51);
}

#[test]
fn a_schema_with_another_mark_is_refused_and_nothing_is_copied() {
    let mut world = World::start();
    for mark in ["'somebody else'", "NULL"] {
        world.execute(&format!("COMMENT ON SCHEMA tenant_acme IS {mark}"));
        let refused = world.adopt(true).unwrap_err();
        assert!(
            matches!(refused, AdoptionError::NotTheTenants { .. }),
            "{refused}"
        );
    }
    assert_eq!(world.count("tenant_acme.customers"), 0);
}

#[test]
fn tables_that_do_not_agree_are_refused_with_the_reason_and_nothing_is_copied() {
    let cases = [
        (
            "ALTER TABLE tenant_acme.customers ADD extra INTEGER",
            "extra",
        ),
        ("ALTER TABLE public.customers ADD extra INTEGER", "extra"),
        (
            "ALTER TABLE tenant_acme.customers ALTER name TYPE VARCHAR",
            "name",
        ),
        ("DROP TABLE tenant_acme.orders", "orders"),
        (
            "ALTER TABLE tenant_acme.orders DROP CONSTRAINT orders_pkey",
            "orders",
        ),
    ];
    for (change, named) in cases {
        let mut world = World::start();
        world.execute("ALTER TABLE tenant_acme.customers DROP shouted");
        world.execute("ALTER TABLE public.customers DROP shouted");
        world.execute(change);
        let refused = world.adopt(true).unwrap_err().to_string();
        assert!(refused.contains(named), "{change}: {refused}");
        assert_eq!(world.count("tenant_acme.customers"), 0, "{change}");
    }
}

#[test]
fn a_removal_that_would_change_other_rows_is_refused_before_anything_is_done() {
    for action in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        let mut world = World::start();
        world.execute(&format!(
            "CREATE SCHEMA crm; CREATE TABLE crm.visits (customer BIGINT DEFAULT 1 \
             CONSTRAINT visits_customer REFERENCES customers ON DELETE {action}); \
             INSERT INTO crm.visits VALUES (7)"
        ));
        let refused = world.adopt(true).unwrap_err();
        let AdoptionError::WouldCascade { constraint, .. } = &refused else {
            panic!("{refused}")
        };
        assert_eq!(constraint.to_string(), "\"visits_customer\"");
        assert_eq!(world.count("tenant_acme.customers"), 0, "{action}");
        world.adopt(false).unwrap();
        assert_eq!(world.count("crm.visits WHERE customer = 7"), 1, "{action}");
    }
}

#[test]
fn a_table_name_is_never_taken_for_sql() {
    let mut world = World::start();
    let tables = vec!["customers\"; DROP TABLE public.orders; --".to_owned()];
    let adoption = Adoption {
        shared_schema: "public".into(),
        tables,
        batch: 1,
        remove: true,
    };
    let refused = adopt(&mut world.connection, &world.schema, &adoption, &mut |_| {});
    assert!(matches!(refused, Err(AdoptionError::NoSuchTable { .. })));
    assert_eq!(world.count("public.orders"), 500);
}
