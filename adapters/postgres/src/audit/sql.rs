//! The statements. Everything is named with its schema, so no path matters.

use chrono::{DateTime, SubsecRound, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid};
use tenantry::audit::{
    AuditAction, AuditAnchor, AuditChain, AuditDetail, AuditEntry, AuditRecord, AuditTarget,
};
use tenantry::{Actor, BoxError, PageSize};

use crate::SharedSchema;
use crate::repository::statement::Statement;

const COLUMNS: &str = "chain, number, at, actor, action, target, detail, previous, hash";

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Uuid)]
    chain: uuid::Uuid,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    target: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Text)]
    previous: String,
    #[diesel(sql_type = Text)]
    hash: String,
}

#[derive(QueryableByName)]
pub(super) struct Head {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    hash: String,
}

impl TryFrom<Row> for AuditEntry {
    type Error = BoxError;

    fn try_from(row: Row) -> Result<Self, BoxError> {
        Ok(Self {
            chain: AuditChain::from_uuid(row.chain)?,
            number: u64::try_from(row.number)?,
            at: row.at,
            actor: Actor::named(row.actor)?,
            action: AuditAction::new(row.action)?,
            target: AuditTarget::new(row.target)?,
            detail: AuditDetail::from_json(row.detail)?,
            previous: row.previous.parse()?,
            hash: row.hash.parse()?,
        })
    }
}

impl Head {
    pub(super) fn into_anchor(self, chain: AuditChain) -> Result<AuditAnchor, BoxError> {
        Ok(AuditAnchor {
            chain,
            number: u64::try_from(self.number)?,
            hash: self.hash.parse()?,
        })
    }
}

/// The names of what the migration makes.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    table: String,
    append: String,
}

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        Self {
            table: format!("{}.tenantry_audit", shared.quoted()),
            append: format!("{}.tenantry_audit_append", shared.quoted()),
        }
    }

    pub(super) fn append(&self, record: &AuditRecord) -> Statement {
        let AuditRecord {
            chain,
            at,
            actor,
            action,
            target,
            detail,
        } = record;
        let at = at.trunc_subsecs(6);
        Statement::new(format!("SELECT {COLUMNS} FROM {}(", self.append))
            .uuid(chain.as_uuid())
            .sql(", ")
            .time(at)
            .sql(", ")
            .number(at.timestamp_micros())
            .sql(", ")
            .text(actor.as_str())
            .sql(", ")
            .text(action.as_str())
            .sql(", ")
            .text(target.as_str())
            .sql(", ")
            .text(detail.as_str())
            .sql(")")
    }

    pub(super) fn read(&self, chain: AuditChain, after: u64, size: PageSize) -> Statement {
        Statement::new(format!(
            "SELECT {COLUMNS} FROM {} WHERE chain = ",
            self.table
        ))
        .uuid(chain.as_uuid())
        .sql(" AND number > ")
        .number(i64::try_from(after).unwrap_or(i64::MAX))
        .sql(" ORDER BY number LIMIT ")
        .number(i64::from(size.number()))
    }

    pub(super) fn head(&self, chain: AuditChain) -> Statement {
        Statement::new(format!(
            "SELECT number, hash FROM {} WHERE chain = ",
            self.table
        ))
        .uuid(chain.as_uuid())
        .sql(" ORDER BY number DESC LIMIT 1")
    }
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("audit_{name}"), &shown);
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let sql = Sql::new(&SharedSchema::default());
        let chain = AuditChain::Shared;
        let record = AuditRecord {
            chain,
            at: DateTime::from_timestamp(1_700_000_000, 123_456_789).expect("in range"),
            actor: Actor::system(),
            action: AuditAction::new("tenant.created").expect("an action"),
            target: AuditTarget::default(),
            detail: AuditDetail::default(),
        };
        assert_statement("append", &sql.append(&record));
        assert_statement("read", &sql.read(chain, 7, PageSize::default()));
        assert_statement("head", &sql.head(chain));
    }
}
