use std::io::{BufRead, Read};

use diesel::connection::SimpleConnection;
use diesel::pg::{CopyFormat, PgRowByRowLoadingMode};
use diesel::prelude::*;

use crate::world::*;

diesel::table! {
    orders (id) {
        id -> Integer,
        note -> Text,
    }
}

diesel::table! {
    lines (id) {
        id -> Integer,
        order_id -> Integer,
        amount -> BigInt,
    }
}

diesel::joinable!(lines -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(orders, lines);

#[derive(Debug, PartialEq, Eq, Identifiable, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = orders)]
struct Order {
    id: i32,
    note: String,
}

#[derive(Debug, PartialEq, Eq, Associations, Identifiable, Queryable, Selectable, Insertable)]
#[diesel(belongs_to(Order), table_name = lines)]
struct Line {
    id: i32,
    order_id: i32,
    amount: i64,
}

fn shop(world: &World) -> tenantry::TenantContext {
    let context = world.tenant("shop");
    world.sql(
        "CREATE TABLE tenant_shop.orders (id int PRIMARY KEY, note text NOT NULL); \
         CREATE TABLE tenant_shop.lines (id int PRIMARY KEY, \
             order_id int NOT NULL REFERENCES tenant_shop.orders, amount bigint NOT NULL)",
    );
    context
}

#[test]
fn the_query_builder_associations_and_raw_queries_run_unchanged() {
    let world = World::new();
    let context = shop(&world);
    let pool = world.pool(1);
    let outcome = pool.tenant(&context, |c| -> Outcome {
        let order = Order {
            id: 1,
            note: "first".to_owned(),
        };
        let inserted: Order = diesel::insert_into(orders::table)
            .values(&order)
            .returning(Order::as_returning())
            .get_result(c)?;
        assert_eq!(inserted, order);
        let new = [(1, 10), (2, 20)].map(|(id, amount)| Line {
            id,
            order_id: 1,
            amount,
        });
        diesel::insert_into(lines::table)
            .values(&new[..])
            .execute(c)?;

        let all = Line::belonging_to(&order)
            .select(Line::as_select())
            .load(c)?;
        assert_eq!(all.len(), 2);
        let grouped = all.grouped_by(std::slice::from_ref(&order));
        assert_eq!(grouped[0].len(), 2);
        let joined: i64 = lines::table
            .inner_join(orders::table)
            .filter(orders::note.eq("first"))
            .select(lines::amount)
            .order(lines::amount.desc())
            .first(c)?;
        assert_eq!(joined, 20);

        let changed: Order = Order {
            id: 1,
            note: "changed".to_owned(),
        }
        .save_changes_of(c)?;
        assert_eq!(changed.note, "changed");
        assert_eq!(ask(c, "SELECT sum(amount) FROM lines")?, "30");
        assert_eq!(ask(c, "SELECT note FROM orders")?, "changed");
        Ok(())
    });
    outcome.expect("committed");
    assert_eq!(world.sql("SELECT note FROM tenant_shop.orders"), "changed");
}

impl Order {
    fn save_changes_of(
        &self,
        connection: &mut tenantry_postgres::TenantConnection,
    ) -> QueryResult<Self> {
        self.save_changes(connection)
    }
}

#[test]
fn rows_can_be_read_one_by_one() {
    let world = World::new();
    let context = world.tenant("aa");
    world.sql("INSERT INTO tenant_aa.items (value) SELECT generate_series(1, 1000)");
    let pool = world.pool(1);
    let outcome = pool.tenant(&context, |c| -> Outcome<_> {
        let rows = items::table
            .select(items::value)
            .load_iter::<i64, PgRowByRowLoadingMode>(c)?;
        let mut sum = 0;
        for row in rows.take(100) {
            sum += row?;
        }
        Ok((sum, values(c)?.len()))
    });
    let (sum, all) = outcome.expect("committed, though the rest wasn't read");
    assert_eq!(all, 1000);
    assert!(sum > 0);
}

#[test]
fn rows_are_copied_in_and_out_in_the_tenant_s_own_table() {
    let world = World::new();
    let (a, b) = (world.tenant("aa"), world.tenant("bb"));
    let pool = world.pool(1);
    let copied = pool.tenant(&a, |c| -> Outcome<_> {
        let rows = (0..3).map(|n| (items::value.eq(n),)).collect::<Vec<_>>();
        let copied = diesel::copy_from(items::table)
            .from_insertable(rows)
            .execute(c)?;
        let mut text = String::new();
        let mut lines = c.copy_out((items::value,), CopyFormat::Csv)?;
        lines.read_to_string(&mut text).expect("readable");
        Ok((copied, text))
    });
    let (copied, text) = copied.expect("committed");
    assert_eq!((copied, text.as_str()), (3, "0\n1\n2\n"));
    assert_eq!(world.items(&a), "0,1,2");
    assert_eq!(world.items(&b), "");
}

#[test]
fn a_copy_that_isn_t_read_to_its_end_spoils_nothing() {
    let world = World::new();
    let a = world.tenant("aa");
    world.sql("INSERT INTO tenant_aa.items (value) SELECT generate_series(1, 50000)");
    let pool = world.pool(1);
    let mut session = pool.session(&a).expect("entered");
    {
        let mut lines = session
            .copy_out((items::value,), CopyFormat::Text)
            .expect("begun");
        let mut line = String::new();
        lines.read_line(&mut line).expect("one line");
        assert_eq!(line, "1\n");
    }
    drop(session);
    let next = pool.tenant(&a, |c| -> Outcome<_> { Ok(values(c)?.len()) });
    assert_eq!(next.expect("entered"), 50_000);
}

#[test]
fn shared_tables_are_used_by_the_same_means() {
    let world = World::new();
    world.sql("CREATE TABLE public.items (id serial PRIMARY KEY, value bigint)");
    let pool = world.pool(1);
    let outcome = pool.shared(|c| -> Outcome<_> {
        insert(c, 4)?;
        let inner = c.transaction(|c| -> Outcome {
            insert(c, 5)?;
            Err(Failure::OnPurpose)
        });
        assert!(inner.is_err());
        c.batch_execute("INSERT INTO items (value) VALUES (6)")?;
        Ok(values(c)?)
    });
    assert_eq!(outcome.expect("committed"), [4, 6]);
    assert_eq!(world.sql("SELECT count(*) FROM public.items"), "2");
    settle(&pool);
    assert_eq!(
        pool.statistics().cleaned,
        1,
        "a shared connection is used again"
    );
}
