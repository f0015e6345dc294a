//! What a tenant's migrations did outside of the tenant's schema: it would be there once, not once for each tenant.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::run::Target;

/// What was in the shared schema before, with the parts of its tables: indexes, triggers, constraints.
pub(crate) struct Before {
    objects: Vec<Object>,
}

#[derive(QueryableByName)]
struct Object {
    #[diesel(sql_type = BigInt)]
    class: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Bool)]
    relation: bool,
    #[diesel(sql_type = Text)]
    identity: String,
    #[diesel(sql_type = Text)]
    shape: String,
}

/// Something that was made, changed or dropped outside.
#[derive(QueryableByName)]
pub(crate) struct Intrusion {
    /// What, as PostgreSQL names it.
    #[diesel(sql_type = Text)]
    pub(crate) what: String,
    /// The version of the migration that did it, if that can be told.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) version: Option<String>,
    /// Whether it is an extension.
    #[diesel(sql_type = Bool)]
    pub(crate) extension: bool,
}

impl Before {
    /// Looks, within the transaction that is to run the migrations. Two round trips.
    pub(crate) fn look(connection: &mut PgConnection, shared: &str) -> QueryResult<Self> {
        // Asking for the transaction's id makes it the oldest of those that its savepoints get.
        let query = format!(
            "WITH member AS (\
              SELECT d.classid, d.objid FROM pg_namespace AS n JOIN pg_depend AS d \
              ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid WHERE n.nspname = $1\
            ), object AS (\
              SELECT classid, objid FROM member \
              UNION \
              SELECT p.classid, p.objid FROM member AS m JOIN pg_depend AS p \
              ON p.refclassid = m.classid AND p.refobjid = m.objid AND p.deptype IN ('a', 'i') \
              WHERE m.classid = 'pg_class'::regclass\
            ) \
            SELECT o.classid::int8 AS class, o.objid::int8 AS number, \
            o.classid = 'pg_class'::regclass AS relation, i.type || ' ' || i.identity AS identity, \
            {} AS shape \
            FROM (SELECT pg_current_xact_id()) AS assigned, object AS o \
            CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) AS i WHERE i.type IS NOT NULL",
            shape("o.classid", "o.objid")
        );
        let objects = diesel::sql_query(query)
            .bind::<Text, _>(shared)
            .load(connection)?;
        Ok(Self { objects })
    }

    /// What this transaction made, changed or dropped outside of the target's schema since. Two round trips.
    ///
    /// A row that is visible though its transaction is in progress was written by this one, so what others commit
    /// meanwhile isn't counted. What is gone from the shared schema was dropped by this transaction if it holds the
    /// lock for that. The ledger's rows tell which migration it was.
    pub(crate) fn intrusions(
        &self,
        connection: &mut PgConnection,
        target: &Target<'_>,
    ) -> QueryResult<Vec<Intrusion>> {
        let column = |get: fn(&Object) -> i64| self.objects.iter().map(get).collect::<Vec<_>>();
        let identities: Vec<&str> = self
            .objects
            .iter()
            .map(|one| one.identity.as_str())
            .collect();
        let relations: Vec<i64> = self
            .objects
            .iter()
            .filter(|one| one.relation)
            .map(|one| one.number)
            .collect();
        let shapes: Vec<&str> = self.objects.iter().map(|one| one.shape.as_str()).collect();
        diesel::sql_query(intrusions_query(target))
            .bind::<Text, _>(target.schema)
            .bind::<Array<BigInt>, _>(column(|one| one.class))
            .bind::<Array<BigInt>, _>(column(|one| one.number))
            .bind::<Array<Text>, _>(identities)
            .bind::<Array<BigInt>, _>(relations)
            .bind::<Array<Text>, _>(shapes)
            .load(connection)
    }
}

/// `age` counts from this transaction's id: what its savepoints wrote is of age 0 or below.
fn ours(row: &str) -> String {
    format!(
        "CASE WHEN age({row}.xmin) <= 0 THEN pg_xact_status(\
         (pg_current_xact_id()::text::int8 - age({row}.xmin))::text::xid8) = 'in progress' \
         ELSE false END"
    )
}

/// What is kept about an object besides its parts: renamed, moved, replaced or granted, it has another shape.
fn shape(class: &str, object: &str) -> String {
    format!(
        "coalesce(CASE {class} \
         WHEN 'pg_class'::regclass THEN (SELECT concat_ws(' ', s.relname, s.relnamespace, s.relowner, \
         s.relacl, s.reloptions, s.relrowsecurity, s.relforcerowsecurity) FROM pg_class AS s WHERE s.oid = {object}) \
         WHEN 'pg_proc'::regclass THEN (SELECT concat_ws(' ', s.proname, s.pronamespace, s.proowner, \
         s.proacl, s.proconfig, s.prosecdef, md5(s.prosrc)) FROM pg_proc AS s WHERE s.oid = {object}) \
         WHEN 'pg_type'::regclass THEN (SELECT concat_ws(' ', s.typname, s.typnamespace, s.typowner, \
         s.typacl) FROM pg_type AS s WHERE s.oid = {object}) END, '')"
    )
}

fn intrusions_query(target: &Target<'_>) -> String {
    let Target { schema, ledger, .. } = target;
    let (relation, function, kind, label) = (ours("r"), ours("f"), ours("t"), ours("v"));
    let now = shape("was.class::oid", "was.number::oid");
    let (member, namespace, extension, column, entry) =
        (ours("d"), ours("n"), ours("e"), ours("a"), ours("applied"));
    format!(
        "WITH written AS (\
           SELECT d.classid, d.objid, 0 AS part, d.xmin AS by FROM pg_depend AS d \
             WHERE d.refclassid = 'pg_namespace'::regclass AND {member} \
             AND d.refobjid NOT IN (SELECT oid FROM pg_namespace WHERE nspname = $1) \
             AND d.refobjid <> pg_my_temp_schema() \
           UNION ALL \
           SELECT 'pg_namespace'::regclass, n.oid, 0, n.xmin FROM pg_namespace AS n \
             WHERE n.nspname <> $1 AND n.nspname !~ '^pg_' AND {namespace} \
           UNION ALL \
           SELECT 'pg_extension'::regclass, e.oid, 0, e.xmin FROM pg_extension AS e \
             WHERE {extension} \
           UNION ALL \
           SELECT 'pg_class'::regclass, a.attrelid, a.attnum::int4, a.xmin \
             FROM pg_attribute AS a WHERE a.attrelid = ANY ($5::oid[]) \
             AND a.attnum > 0 AND {column} \
           UNION ALL \
           SELECT d.classid, d.objid, 0, d.xmin FROM pg_depend AS d \
             WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($5::oid[]) \
             AND d.deptype IN ('a', 'i') AND {member}\
         ) \
         SELECT DISTINCT i.type || ' ' || coalesce(i.identity, '') AS what, \
           w.classid = 'pg_extension'::regclass AS extension, \
           (SELECT applied.version::text FROM \"{schema}\".\"{ledger}\" AS applied \
             WHERE {entry} AND age(applied.xmin) >= age(w.by) \
             ORDER BY age(applied.xmin) LIMIT 1) AS version \
         FROM written AS w \
         CROSS JOIN LATERAL pg_identify_object(w.classid, w.objid, w.part) AS i \
         UNION ALL \
         SELECT gone.identity || ' (dropped)', false, NULL \
         FROM unnest($2, $3, $4) AS gone(class, number, identity) \
         WHERE NOT EXISTS (SELECT FROM pg_depend AS d \
             WHERE d.classid = gone.class::oid AND d.objid = gone.number::oid) \
         AND EXISTS (SELECT FROM pg_locks AS l \
             WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock' \
             AND (l.relation = gone.number::oid \
               OR (l.classid = gone.class::oid AND l.objid = gone.number::oid))) \
         UNION ALL \
         SELECT was.identity || ' (changed)', false, NULL \
         FROM unnest($2, $3, $4, $6) AS was(class, number, identity, shape) \
         WHERE CASE was.class::oid \
             WHEN 'pg_class'::regclass THEN (SELECT {relation} FROM pg_class AS r WHERE r.oid = was.number::oid) \
             WHEN 'pg_proc'::regclass THEN (SELECT {function} FROM pg_proc AS f WHERE f.oid = was.number::oid) \
             WHEN 'pg_type'::regclass THEN (SELECT {kind} FROM pg_type AS t WHERE t.oid = was.number::oid) END \
         AND {now} <> was.shape \
         UNION ALL \
         SELECT was.identity || ' (changed)', false, NULL \
         FROM unnest($2, $3, $4) AS was(class, number, identity) \
         WHERE was.class::oid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_enum AS v \
             WHERE v.enumtypid = was.number::oid AND {label}) \
         ORDER BY 1"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_query_of_intrusions_is_what_was_reviewed() {
        let target = Target {
            schema: "tenant_acme",
            ledger: "__diesel_schema_migrations",
            lock_timeout: Duration::from_secs(5),
        };
        assert_snapshot("intrusions", &intrusions_query(&target));
    }
}
