use diesel::PgConnection;

use super::table::Table;
use super::work_list::WorkList;
use super::{AdoptionError, AdoptionPhase, AdoptionProgress};

/// Copies the shared rows that the tenant lacks, a batch in each transaction.
pub(super) fn copy(
    connection: &mut PgConnection,
    table: &Table,
    batch: u32,
    progress: &mut dyn FnMut(AdoptionProgress<'_>),
) -> Result<(), AdoptionError> {
    let missing = format!(
        "SELECT {key} FROM {shared} s WHERE NOT EXISTS (SELECT FROM {tenant} t WHERE {same})",
        key = table.key("s"),
        shared = table.shared,
        tenant = table.tenant,
        same = table.same_key("s", "t"),
    );
    let insert = format!(
        "INSERT INTO {tenant} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} \
         FROM {shared} s JOIN {list} w ON {same} WHERE w.tenantry_place BETWEEN $1 AND $2 \
         ORDER BY w.tenantry_place ON CONFLICT DO NOTHING",
        tenant = table.tenant,
        columns = table.columns(),
        values = table.shared_values("s"),
        shared = table.shared,
        list = WorkList::NAME,
        same = table.same_key("s", "w"),
    );
    let batch = if table.refers_to_itself {
        i64::MAX
    } else {
        i64::from(batch)
    };
    let list = WorkList::write(connection, table, &missing)?;
    list.work(connection, &insert, batch, &mut |done| {
        let (phase, total) = (AdoptionPhase::Copy, list.total);
        progress(AdoptionProgress {
            phase,
            table: &table.name,
            done,
            total,
        });
    })?;
    list.drop(connection)
}
