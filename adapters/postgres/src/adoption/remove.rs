use diesel::PgConnection;

use super::table::Table;
use super::work_list::WorkList;
use super::{AdoptionError, AdoptionPhase, AdoptionProgress};

/// Removes the shared rows whose copies have the same digest, a batch in each transaction.
///
/// The comparison is made again in the statement that removes: a row that was written since it was verified stays.
pub(super) fn remove(
    connection: &mut PgConnection,
    table: &Table,
    batch: u32,
    progress: &mut dyn FnMut(AdoptionProgress<'_>),
) -> Result<i64, AdoptionError> {
    let all = format!("SELECT {} FROM {} s", table.key("s"), table.shared);
    let delete = format!(
        "DELETE FROM {shared} s USING {list} w, {tenant} t \
         WHERE w.tenantry_place BETWEEN $1 AND $2 AND {same} AND {copied} AND {old} = {new}",
        shared = table.shared,
        list = WorkList::NAME,
        tenant = table.tenant,
        same = table.same_key("s", "w"),
        copied = table.same_key("s", "t"),
        old = table.digest("s"),
        new = table.digest("t"),
    );
    let batch = if table.refers_to_itself {
        i64::MAX
    } else {
        i64::from(batch)
    };
    let list = WorkList::write(connection, table, &all)?;
    let removed = list.work(connection, &delete, batch, &mut |done| {
        let (phase, total) = (AdoptionPhase::Remove, list.total);
        progress(AdoptionProgress {
            phase,
            table: &table.name,
            done,
            total,
        });
    })?;
    list.drop(connection)?;
    Ok(removed)
}
