//! The statements. Every table is named with its schema, so no path matters.

use tenantry::membership::{
    Invitation, InvitationId, Invitee, Member, MembershipChange, RosterVersion, Subject,
};
use tenantry::{Digest, PageSize, TenantId};

use crate::SharedSchema;
use crate::repository::statement::Statement;

const INVITATION: &str = "id, tenant_id, role, invitee, invited_by, token, made_at, expires_at";

/// The tables' names.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    rosters: String,
    members: String,
    invitations: String,
}

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        let named = |table| format!("{}.tenantry_{table}", shared.quoted());
        Self {
            rosters: named("rosters"),
            members: named("members"),
            invitations: named("invitations"),
        }
    }

    pub(super) fn role_of(&self, tenant: TenantId, subject: &Subject) -> Statement {
        Statement::new(format!(
            "SELECT role FROM {} WHERE tenant_id = ",
            self.members
        ))
        .uuid(tenant.as_uuid())
        .sql(" AND subject = ")
        .text(subject.as_str())
    }

    /// One statement, so all of it is of one moment.
    pub(super) fn standing(&self, tenant: TenantId, subjects: &[Subject]) -> Statement {
        let Self {
            rosters, members, ..
        } = self;
        let tenant = tenant.as_uuid();
        let asked: Vec<_> = subjects.iter().map(|one| one.as_str().to_owned()).collect();
        let of_asked = |statement: Statement, column| {
            statement
                .sql(format!(
                    "ARRAY(SELECT {column} FROM {members} WHERE tenant_id = "
                ))
                .uuid(tenant)
                .sql(" AND subject = ANY (")
                .texts(asked.clone())
                .sql(format!(") ORDER BY subject) AS {column}s"))
        };
        let statement = Statement::new(format!(
            "SELECT coalesce((SELECT version FROM {rosters} WHERE tenant_id = "
        ))
        .uuid(tenant)
        .sql(format!(
            "), 0) AS version, (SELECT count(*) FROM {members} WHERE role = 'owner' AND tenant_id = "
        ))
        .uuid(tenant)
        .sql(") AS owners, ");
        of_asked(of_asked(statement, "subject").sql(", "), "role")
    }

    /// Nothing is done unless the version is what it was: then `changed` is 0.
    pub(super) fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
        expected: RosterVersion,
    ) -> Statement {
        let bumped = self.bump(tenant, expected).sql("), ");
        match change {
            MembershipChange::Put(member) => self
                .put(bumped, member, "bumped")
                .sql(") SELECT count(*) AS changed FROM bumped"),
            MembershipChange::Remove(subject) => bumped
                .sql(format!(
                    "done AS (DELETE FROM {} AS m USING bumped WHERE m.tenant_id = bumped.tenant_id AND m.subject = ",
                    self.members
                ))
                .text(subject.as_str())
                .sql(") SELECT count(*) AS changed FROM bumped"),
            MembershipChange::Invite(invitation) => self
                .invite(bumped, invitation)
                .sql(") SELECT count(*) AS changed FROM bumped"),
            MembershipChange::Withdraw(id) => self
                .take_invitation(bumped, *id)
                .sql(") SELECT count(*) AS changed FROM bumped"),
            MembershipChange::Accept { invitation, member } => {
                let taken = self
                    .take_invitation(bumped, *invitation)
                    .sql(" RETURNING i.tenant_id), ");
                self.put(taken, member, "taken")
                    .sql(" RETURNING subject) SELECT count(*) AS changed FROM done")
            }
            _ => bumped.sql("done AS (SELECT) SELECT 0::bigint AS changed"),
        }
    }

    pub(super) fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Statement {
        let statement = Statement::new(format!(
            "SELECT subject, role, since FROM {} WHERE tenant_id = ",
            self.members
        ))
        .uuid(tenant.as_uuid());
        let statement = match after {
            Some(after) => statement.sql(" AND subject > ").text(after.as_str()),
            None => statement,
        };
        limited(statement.sql(" ORDER BY subject"), size)
    }

    pub(super) fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Statement {
        let statement = Statement::new(format!(
            "SELECT tenant_id, role FROM {} WHERE subject = ",
            self.members
        ))
        .text(subject.as_str());
        let statement = match after {
            Some(after) => statement.sql(" AND tenant_id > ").uuid(after.as_uuid()),
            None => statement,
        };
        limited(statement.sql(" ORDER BY tenant_id"), size)
    }

    pub(super) fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Statement {
        let statement = Statement::new(format!(
            "SELECT {INVITATION} FROM {} WHERE tenant_id = ",
            self.invitations
        ))
        .uuid(tenant.as_uuid());
        let statement = match after {
            Some(after) => statement.sql(" AND id > ").uuid(after.as_uuid()),
            None => statement,
        };
        limited(statement.sql(" ORDER BY id"), size)
    }

    pub(super) fn invitation(&self, token: &Digest) -> Statement {
        Statement::new(format!(
            "SELECT {INVITATION} FROM {} WHERE token = ",
            self.invitations
        ))
        .text(token.to_string())
    }

    pub(super) fn forget(&self, tenant: TenantId) -> Statement {
        let Self {
            rosters,
            members,
            invitations,
        } = self;
        let tenant = tenant.as_uuid();
        Statement::new(format!(
            "WITH r AS (DELETE FROM {rosters} WHERE tenant_id = "
        ))
        .uuid(tenant)
        .sql(format!("), m AS (DELETE FROM {members} WHERE tenant_id = "))
        .uuid(tenant)
        .sql(format!(
            "), i AS (DELETE FROM {invitations} WHERE tenant_id = "
        ))
        .uuid(tenant)
        .sql(") SELECT 1::bigint AS changed")
    }

    /// Whoever comes second waits for the first, and then finds another version.
    fn bump(&self, tenant: TenantId, expected: RosterVersion) -> Statement {
        let rosters = &self.rosters;
        if expected == RosterVersion::NONE {
            return Statement::new(format!(
                "WITH bumped AS (INSERT INTO {rosters} (tenant_id, version) VALUES ("
            ))
            .uuid(tenant.as_uuid())
            .sql(", 1) ON CONFLICT DO NOTHING RETURNING tenant_id");
        }
        Statement::new(format!(
            "WITH bumped AS (UPDATE {rosters} SET version = version + 1 WHERE tenant_id = "
        ))
        .uuid(tenant.as_uuid())
        .sql(" AND version = ")
        .number(expected.number())
        .sql(" RETURNING tenant_id")
    }

    fn put(&self, statement: Statement, member: &Member, when: &str) -> Statement {
        let Member {
            subject,
            role,
            since,
        } = member;
        statement
            .sql(format!(
                "done AS (INSERT INTO {} (tenant_id, subject, role, since) SELECT tenant_id, ",
                self.members
            ))
            .text(subject.as_str())
            .sql(", ")
            .text(role.as_str())
            .sql(", ")
            .time(*since)
            .sql(format!(
                " FROM {when} ON CONFLICT (tenant_id, subject) DO UPDATE SET role = excluded.role"
            ))
    }

    fn invite(&self, statement: Statement, invitation: &Invitation) -> Statement {
        let Invitation {
            id,
            tenant: _,
            role,
            invitee,
            invited_by,
            token,
            made_at,
            expires_at,
        } = invitation;
        let invitee = invitee.as_ref().map(Invitee::to_string);
        statement
            .sql(format!(
                "done AS (INSERT INTO {} ({INVITATION}) SELECT ",
                self.invitations
            ))
            .uuid(id.as_uuid())
            .sql(", tenant_id, ")
            .text(role.as_str())
            .sql(", ")
            .optional_text(invitee.as_deref())
            .sql(", ")
            .optional_text(invited_by.as_ref().map(Subject::as_str))
            .sql(", ")
            .text(token.to_string())
            .sql(", ")
            .time(*made_at)
            .sql(", ")
            .time(*expires_at)
            .sql(" FROM bumped")
    }

    fn take_invitation(&self, statement: Statement, id: InvitationId) -> Statement {
        statement
            .sql(format!(
                "taken AS (DELETE FROM {} AS i USING bumped WHERE i.tenant_id = bumped.tenant_id AND i.id = ",
                self.invitations
            ))
            .uuid(id.as_uuid())
    }
}

fn limited(statement: Statement, size: PageSize) -> Statement {
    statement.sql(" LIMIT ").number(i64::from(size.number()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use diesel::pg::Pg;
    use tenantry::membership::{EmailAddress, Role};

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("members_{name}"), &shown);
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let sql = Sql::new(&SharedSchema::default());
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
        let tenant = TenantId::from_parts(now, [1; 10]);
        let id = InvitationId::from_parts(now, [2; 10]);
        let subject = Subject::new("user:42").expect("a subject");
        let member = Member {
            subject: subject.clone(),
            role: Role::Admin,
            since: now,
        };
        let email = EmailAddress::new("ada@example.com").expect("an address");
        let invitation = Invitation {
            id,
            tenant,
            role: Role::Member,
            invitee: Some(Invitee::Email(email)),
            invited_by: Some(subject.clone()),
            token: Digest::ZERO,
            made_at: now,
            expires_at: now,
        };
        let size = PageSize::default();
        assert_statement("role_of", &sql.role_of(tenant, &subject));
        assert_statement(
            "standing",
            &sql.standing(tenant, std::slice::from_ref(&subject)),
        );
        assert_statement("list", &sql.members(tenant, Some(subject.clone()), size));
        assert_statement("tenants", &sql.memberships(&subject, Some(tenant), size));
        assert_statement("invitations", &sql.invitations(tenant, Some(id), size));
        assert_statement("invitation", &sql.invitation(&Digest::ZERO));
        assert_statement("forget", &sql.forget(tenant));
        let change = |name, change, version| {
            let expected = RosterVersion::new(version).expect("a version");
            assert_statement(name, &sql.change(tenant, &change, expected));
        };
        change("put_first", MembershipChange::Put(member.clone()), 0);
        change("put", MembershipChange::Put(member.clone()), 7);
        change("remove", MembershipChange::Remove(subject), 7);
        change("invite", MembershipChange::Invite(invitation), 7);
        change("withdraw", MembershipChange::Withdraw(id), 7);
        let invitation = id;
        change("accept", MembershipChange::Accept { invitation, member }, 7);
    }
}
