//! What is read and written inside of a tenant. Nothing here names the tenant: the scope does.

use diesel::sql_types::{Text, Uuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;
use tenantry::jobs::JobId;
use tenantry_postgres::TenantConnection;

use crate::Failure;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// What a tenant has.
#[derive(Serialize)]
pub(crate) struct Rows {
    mark: String,
    notes: Vec<String>,
    runs: Vec<Run>,
}

/// A job that ran.
#[derive(QueryableByName, Serialize)]
struct Run {
    #[diesel(sql_type = Text)]
    job: String,
    #[diesel(sql_type = Text)]
    note: String,
}

pub(crate) fn mark(connection: &mut TenantConnection, mark: &str) -> Result<(), Failure> {
    let insert = sql_query("INSERT INTO marks (mark) VALUES ($1)");
    insert.bind::<Text, _>(mark).execute(connection)?;
    Ok(())
}

pub(crate) fn marked(connection: &mut TenantConnection) -> Result<String, Failure> {
    let query = sql_query("SELECT mark AS text FROM marks");
    Ok(query.get_result::<Line>(connection)?.text)
}

pub(crate) fn note(connection: &mut TenantConnection, text: &str) -> Result<(), Failure> {
    let insert = sql_query("INSERT INTO notes (text) VALUES ($1)");
    insert.bind::<Text, _>(text).execute(connection)?;
    Ok(())
}

pub(crate) fn ran(
    connection: &mut TenantConnection,
    job: JobId,
    note: &str,
) -> Result<(), Failure> {
    let insert = sql_query("INSERT INTO runs (job, note) VALUES ($1, $2)");
    insert
        .bind::<Uuid, _>(job.as_uuid())
        .bind::<Text, _>(note)
        .execute(connection)?;
    Ok(())
}

pub(crate) fn all(connection: &mut TenantConnection) -> Result<Rows, Failure> {
    let mark = marked(connection)?;
    let notes = sql_query("SELECT text FROM notes ORDER BY id").load::<Line>(connection)?;
    let runs = sql_query("SELECT job::text, note FROM runs").load::<Run>(connection)?;
    Ok(Rows {
        mark,
        notes: notes.into_iter().map(|line| line.text).collect(),
        runs,
    })
}
