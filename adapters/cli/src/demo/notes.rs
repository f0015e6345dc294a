//! The demo's table, and the plain Diesel code that uses it: the same text for every database.

diesel::table! {
    notes (id) {
        id -> BigInt,
        body -> Text,
    }
}

/// Makes `write_notes` for a connection type.
macro_rules! write_queries {
    ($connection:ty) => {
        fn write_notes(
            connection: &mut $connection,
            bodies: &[String],
        ) -> diesel::QueryResult<usize> {
            use crate::demo::notes::notes::dsl::{body, id, notes};
            let rows = (1_i64..)
                .zip(bodies)
                .map(|(number, text)| (id.eq(number), body.eq(text)));
            let mut written = 0;
            for row in rows {
                written += diesel::insert_into(notes).values(row).execute(connection)?;
            }
            Ok(written)
        }
    };
}

/// The note that a job writes has this id.
pub(crate) const NOTE_OF_A_JOB: i64 = 100;

/// Makes `write_note_of_a_job` for a connection type.
macro_rules! write_as_a_job {
    ($connection:ty) => {
        fn write_note_of_a_job(
            connection: &mut $connection,
            text: &str,
        ) -> diesel::QueryResult<usize> {
            use crate::demo::notes::NOTE_OF_A_JOB;
            use crate::demo::notes::notes::dsl::{body, id, notes};
            diesel::insert_into(notes)
                .values((id.eq(NOTE_OF_A_JOB), body.eq(text)))
                .execute(connection)
        }
    };
}

/// Makes `read_notes` and `read_one` for a connection type.
macro_rules! read_queries {
    ($connection:ty) => {
        pub(super) fn read_notes(connection: &mut $connection) -> diesel::QueryResult<Vec<String>> {
            use crate::demo::notes::notes::dsl::{body, id, notes};
            notes.order(id).select(body).load(connection)
        }

        pub(super) fn read_one(connection: &mut $connection) -> diesel::QueryResult<String> {
            use crate::demo::notes::notes::dsl::{body, id, notes};
            notes.filter(id.eq(1)).select(body).first(connection)
        }
    };
}

pub(crate) use {read_queries, write_as_a_job, write_queries};
