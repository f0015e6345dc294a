//! The statements. Every table is named with its schema, so no path matters.

use chrono::{DateTime, Utc};
use tenantry::operators::{Identity, OperatorAccount, Session, SignInLink};
use tenantry::{Actor, Digest, PageSize};

use crate::SharedSchema;
use crate::repository::statement::Statement;

/// Keep links and sessions from being of no account.
pub(super) const OF_AN_ACCOUNT: [&str; 2] = [
    "tenantry_sign_in_links_account",
    "tenantry_operator_sessions_account",
];

/// The names of what the migration makes.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    accounts: String,
    links: String,
    sessions: String,
}

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        let table = |name: &str| format!("{}.{name}", shared.quoted());
        Self {
            accounts: table("tenantry_operators"),
            links: table("tenantry_sign_in_links"),
            sessions: table("tenantry_operator_sessions"),
        }
    }

    pub(super) fn put(&self, account: &OperatorAccount) -> Statement {
        let OperatorAccount {
            actor,
            rights,
            tenants,
        } = account;
        let statement = Statement::new(format!(
            "WITH done AS (INSERT INTO {} (actor, rights, tenants) VALUES (",
            self.accounts
        ))
        .text(actor.as_str())
        .sql(", ")
        .texts(rights.iter().map(ToString::to_string).collect())
        .sql(", ");
        let statement = match tenants {
            Some(ids) => statement.texts(ids.iter().map(ToString::to_string).collect()),
            None => statement.sql("NULL"),
        };
        counting(statement.sql(
            ") ON CONFLICT (actor) DO UPDATE SET rights = excluded.rights, tenants = excluded.tenants RETURNING 1",
        ))
    }

    pub(super) fn find(&self, actor: &Actor) -> Statement {
        self.accounts_where("actor = ").text(actor.as_str())
    }

    pub(super) fn accounts(&self, after: Option<&Actor>, size: PageSize) -> Statement {
        // No actor is the empty text.
        let after = after.map_or("", Actor::as_str);
        self.accounts_where("actor > ")
            .text(after)
            .sql(" ORDER BY actor LIMIT ")
            .number(i64::from(size.number()))
    }

    fn accounts_where(&self, condition: &str) -> Statement {
        Statement::new(format!(
            "SELECT actor, rights, tenants FROM {} WHERE {condition}",
            self.accounts
        ))
    }

    /// Links and sessions of the account go with it; sessions of an identity have that name alone.
    pub(super) fn remove(&self, actor: &Actor) -> Statement {
        let statement = Statement::new(format!(
            "WITH gone AS (DELETE FROM {} WHERE actor = ",
            self.accounts
        ))
        .text(actor.as_str())
        .sql(format!(
            "), done AS (DELETE FROM {} WHERE identity IS NOT NULL AND actor = ",
            self.sessions
        ))
        .text(actor.as_str());
        counting(statement.sql(" RETURNING 1"))
    }

    pub(super) fn add_link(&self, link: &SignInLink) -> Statement {
        let SignInLink {
            token,
            actor,
            expires_at,
        } = link;
        let statement = Statement::new(format!(
            "WITH done AS (INSERT INTO {} (token, actor, expires_at) VALUES (",
            self.links
        ))
        .text(token.to_string())
        .sql(", ")
        .text(actor.as_str())
        .sql(", ")
        .time(*expires_at);
        counting(statement.sql(") RETURNING 1"))
    }

    /// Of those who delete one row, one is given it.
    pub(super) fn take_link(&self, token: &Digest) -> Statement {
        Statement::new(format!("DELETE FROM {} WHERE token = ", self.links))
            .text(token.to_string())
            .sql(" RETURNING token, actor, expires_at")
    }

    pub(super) fn begin_session(&self, session: &Session, replaced: Option<Digest>) -> Statement {
        let Session {
            token,
            actor,
            identity,
            begun_at,
            seen_at,
        } = session;
        let account = identity.is_none().then(|| actor.as_str());
        // No token is the empty text.
        let replaced = replaced.map(|token| token.to_string()).unwrap_or_default();
        let statement = Statement::new(format!(
            "WITH replaced AS (DELETE FROM {} WHERE token = ",
            self.sessions
        ))
        .text(replaced)
        .sql(format!(
            "), done AS (INSERT INTO {} (token, actor, account, identity, begun_at, seen_at) VALUES (",
            self.sessions
        ))
        .text(token.to_string())
        .sql(", ")
        .text(actor.as_str())
        .sql(", ")
        .optional_text(account)
        .sql(", ")
        .optional_text(identity.as_ref().map(Identity::as_json))
        .sql(", ")
        .time(*begun_at)
        .sql(", ")
        .time(*seen_at);
        counting(statement.sql(") RETURNING 1"))
    }

    pub(super) fn session(&self, token: &Digest) -> Statement {
        Statement::new(format!(
            "SELECT s.token, s.actor, s.identity, s.begun_at, s.seen_at, a.rights, a.tenants \
             FROM {} AS s LEFT JOIN {} AS a ON a.actor = s.account WHERE s.token = ",
            self.sessions, self.accounts
        ))
        .text(token.to_string())
    }

    pub(super) fn touch_session(&self, token: &Digest, seen_at: DateTime<Utc>) -> Statement {
        let statement = Statement::new(format!(
            "WITH done AS (UPDATE {} SET seen_at = ",
            self.sessions
        ))
        .time(seen_at)
        .sql(" WHERE token = ")
        .text(token.to_string())
        .sql(" AND seen_at < ")
        .time(seen_at);
        counting(statement.sql(" RETURNING 1"))
    }

    pub(super) fn end_session(&self, token: &Digest) -> Statement {
        let statement = Statement::new(format!(
            "WITH done AS (DELETE FROM {} WHERE token = ",
            self.sessions
        ))
        .text(token.to_string());
        counting(statement.sql(" RETURNING 1"))
    }

    pub(super) fn end_all(&self, actor: &Actor) -> Statement {
        let statement = Statement::new(format!(
            "WITH taken AS (DELETE FROM {} WHERE actor = ",
            self.links
        ))
        .text(actor.as_str())
        .sql(format!(
            "), done AS (DELETE FROM {} WHERE actor = ",
            self.sessions
        ))
        .text(actor.as_str());
        counting(statement.sql(" RETURNING 1"))
    }

    pub(super) fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Statement {
        let statement = Statement::new(format!(
            "WITH over AS (DELETE FROM {} WHERE expires_at <= ",
            self.links
        ))
        .time(now)
        .sql(format!(
            "), done AS (DELETE FROM {} WHERE begun_at <= ",
            self.sessions
        ))
        .time(begun)
        .sql(" OR seen_at <= ")
        .time(seen);
        counting(statement.sql(" RETURNING 1"))
    }
}

fn counting(statement: Statement) -> Statement {
    statement.sql(") SELECT count(*) AS changed FROM done")
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;
    use tenantry::TenantId;
    use tenantry::operators::RightName;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("operators_{name}"), &shown);
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let sql = Sql::new(&SharedSchema::default());
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
        let actor = Actor::named("operator:ines").expect("a name");
        let token = Digest::of(&[b"token"]);
        let rights = [RightName::new("read").expect("a right")];
        let everywhere = OperatorAccount::new(actor.clone(), rights);
        let one = TenantId::from_parts(now, [1; 10]);
        let link = SignInLink {
            token,
            actor: actor.clone(),
            expires_at: now,
        };
        let session = Session {
            token,
            actor: actor.clone(),
            identity: None,
            begun_at: now,
            seen_at: now,
        };
        assert_statement("put", &sql.put(&everywhere.clone().only_for([one])));
        assert_statement("put_everywhere", &sql.put(&everywhere));
        assert_statement("find", &sql.find(&actor));
        assert_statement("list", &sql.accounts(Some(&actor), PageSize::default()));
        assert_statement("remove", &sql.remove(&actor));
        assert_statement("add_link", &sql.add_link(&link));
        assert_statement("take_link", &sql.take_link(&token));
        assert_statement("begin_session", &sql.begin_session(&session, Some(token)));
        assert_statement("session", &sql.session(&token));
        assert_statement("touch_session", &sql.touch_session(&token, now));
        assert_statement("end_session", &sql.end_session(&token));
        assert_statement("end_all", &sql.end_all(&actor));
        assert_statement("sweep", &sql.sweep(now, now, now));
    }
}
