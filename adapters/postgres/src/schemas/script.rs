//! Statements that tell their SQLSTATE, which Diesel doesn't keep, whatever language the server speaks.
//!
//! Each is a `DO` block that catches its own error and raises it again as it was, with the code in the field for a
//! constraint's name. A block has no results, and can't end the transaction that it is in.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::result::{Error, QueryResult};

const CODE: &str = "sqlstate:";
const OWN: &str = "tenantry:";

/// Stands for what EXECUTE itself refuses: to end the transaction, or to copy from or to the client. Its code is one
/// of many meanings, but unlike a statement's own error it comes from a single place.
pub(crate) const REFUSED_BY_EXECUTE: &str = "2D000";

/// Runs PL/pgSQL statements in one round trip.
pub(crate) fn execute(connection: &mut PgConnection, body: &str) -> QueryResult<()> {
    connection.batch_execute(&block("", body))
}

/// The same with declarations.
pub(crate) fn execute_with(
    connection: &mut PgConnection,
    declarations: &str,
    body: &str,
) -> QueryResult<()> {
    connection.batch_execute(&block(declarations, body))
}

fn block(declarations: &str, body: &str) -> String {
    let text = format!(
        "DECLARE said_message text; said_detail text; said_hint text; said_name text; \
         said_where text; {declarations} \
         BEGIN {body} \
         EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN \
         GET STACKED DIAGNOSTICS said_message = MESSAGE_TEXT, said_detail = PG_EXCEPTION_DETAIL, \
         said_hint = PG_EXCEPTION_HINT, said_name = CONSTRAINT_NAME, \
         said_where = PG_EXCEPTION_CONTEXT; \
         RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = said_message, \
         DETAIL = said_detail, HINT = said_hint, CONSTRAINT = CASE \
         WHEN pg_catalog.starts_with(said_name, '{OWN}') THEN said_name \
         WHEN SQLSTATE = '0A000' AND pg_catalog.strpos(said_where, E'\\n') = 0 \
         THEN '{CODE}{REFUSED_BY_EXECUTE}' ELSE '{CODE}' || SQLSTATE END; END"
    );
    format!("DO {}", dollar_quoted(&text))
}

/// PL/pgSQL that raises an error of our own: `name` is what [`own_name`] finds, `message` an expression.
pub(crate) fn raise(name: &str, message: &str) -> String {
    format!("RAISE EXCEPTION USING MESSAGE = {message}, CONSTRAINT = '{OWN}{name}';")
}

/// A literal that holds `text` as it is, between dollar signs and a word that the text doesn't hold.
pub(crate) fn dollar_quoted(text: &str) -> String {
    let mut number = 0_u32;
    loop {
        let tag = format!("$tenantry{number}$");
        if !text.contains(&tag) {
            // The line breaks keep a dollar sign at either end of the text apart from the tag.
            return format!("{tag}\n{text}\n{tag}");
        }
        number += 1;
    }
}

/// A literal in single quotes, which means the same whatever `standard_conforming_strings` is.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The SQLSTATE of an error that came out of a block of ours.
pub(crate) fn sqlstate(error: &Error) -> Option<&str> {
    name(error)?.strip_prefix(CODE)
}

/// The name of an error that [`raise`] raised.
pub(crate) fn own_name(error: &Error) -> Option<&str> {
    name(error)?.strip_prefix(OWN)
}

/// What the server advises.
pub(crate) fn hint(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(_, information) => information.hint(),
        _ => None,
    }
}

fn name(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(_, information) => information.constraint_name(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_holds_the_tag_gets_another() {
        let once = dollar_quoted("SELECT 1");
        let twice = dollar_quoted(&once);
        assert!(once.starts_with("$tenantry0$\n") && once.ends_with("\n$tenantry0$"));
        assert!(twice.starts_with("$tenantry1$\n") && twice.ends_with("\n$tenantry1$"));
    }

    #[test]
    fn a_literal_can_t_be_left() {
        assert_eq!(literal(r"it's \ odd"), r"E'it''s \\ odd'");
    }
}
