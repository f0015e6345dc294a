use async_trait::async_trait;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::membership::{
    Invitation, InvitationId, Member, Membership, MembershipChange, Role, RosterVersion, Standing,
    Subject,
};
use tenantry::ports::{MembershipError, MembershipStore};
use tenantry::{BoxError, Digest, PageSize, TenantId};

use super::tables::{Ended, Failure, SET_UP, Tables, time};
use crate::{SharedConnection, SqliteStore};

/// Tenants' members and invitations, in tables of the shared file.
///
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes them, with a trigger that takes a tenant's
/// away with its record. A change takes the shared file's write lock.
#[derive(Clone, Debug)]
pub struct SqliteMembershipStore {
    tables: Tables,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = Text)]
    role: String,
}

#[derive(QueryableByName)]
struct MemberRow {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    since: i64,
}

#[derive(QueryableByName)]
struct MembershipRow {
    #[diesel(sql_type = Text)]
    tenant_id: String,
    #[diesel(sql_type = Text)]
    role: String,
}

#[derive(QueryableByName)]
struct InvitationRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    tenant_id: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    invitee: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    invited_by: Option<String>,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = BigInt)]
    made_at: i64,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
}

impl SqliteMembershipStore {
    /// The members in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            tables: Tables::new(store),
        }
    }
}

impl MemberRow {
    fn into_member(self) -> Result<Member, BoxError> {
        Ok(Member {
            subject: Subject::new(self.subject)?,
            role: self.role.parse()?,
            since: time(self.since)?,
        })
    }
}

impl MembershipRow {
    fn into_membership(self) -> Result<Membership, BoxError> {
        Ok(Membership {
            tenant: self.tenant_id.parse()?,
            role: self.role.parse()?,
        })
    }
}

impl InvitationRow {
    fn into_invitation(self) -> Result<Invitation, BoxError> {
        Ok(Invitation {
            id: self.id.parse()?,
            tenant: self.tenant_id.parse()?,
            role: self.role.parse()?,
            invitee: self.invitee.map(|text| text.parse()).transpose()?,
            invited_by: self.invited_by.map(Subject::new).transpose()?,
            token: self.token.parse()?,
            made_at: time(self.made_at)?,
            expires_at: time(self.expires_at)?,
        })
    }
}

type Outcome<T> = Result<T, Ended<MembershipError>>;

const INVITATIONS: &str = "SELECT id, tenant_id, role, invitee, invited_by, token, made_at, expires_at \
    FROM public.tenantry_invitations";

fn all<R, T>(rows: Vec<R>, read: impl Fn(R) -> Result<T, BoxError>) -> Outcome<Vec<T>> {
    let read: Result<Vec<_>, _> = rows.into_iter().map(read).collect();
    Ok(read?)
}

fn role_of(
    connection: &mut SharedConnection,
    tenant: TenantId,
    subject: &Subject,
) -> Outcome<Option<Role>> {
    let rows: Vec<RoleRow> =
        sql_query("SELECT role FROM public.tenantry_members WHERE tenant_id = ? AND subject = ?")
            .bind::<Text, _>(tenant.to_string())
            .bind::<Text, _>(subject.as_str())
            .load(connection)?;
    let roles = all(rows, |row| Ok(row.role.parse::<Role>()?))?;
    Ok(roles.into_iter().next())
}

fn version(connection: &mut SharedConnection, tenant: TenantId) -> Outcome<RosterVersion> {
    let rows: Vec<Number> =
        sql_query("SELECT version AS number FROM public.tenantry_rosters WHERE tenant_id = ?")
            .bind::<Text, _>(tenant.to_string())
            .load(connection)?;
    let versions = all(rows, |row| Ok(RosterVersion::new(row.number)?))?;
    Ok(versions.into_iter().next().unwrap_or_default())
}

fn standing(
    connection: &mut SharedConnection,
    tenant: TenantId,
    subjects: &[Subject],
) -> Outcome<Standing> {
    let owners: Number = sql_query(
        "SELECT count(*) AS number FROM public.tenantry_members WHERE tenant_id = ? AND role = 'owner'",
    )
    .bind::<Text, _>(tenant.to_string())
    .get_result(connection)?;
    let mut standing = Standing {
        version: version(connection, tenant)?,
        owners: u64::try_from(owners.number).map_err(BoxError::from)?,
        ..Standing::default()
    };
    for subject in subjects {
        if let Some(role) = role_of(connection, tenant, subject)? {
            standing.roles.insert(subject.clone(), role);
        }
    }
    Ok(standing)
}

fn change(
    connection: &mut SharedConnection,
    tenant: TenantId,
    change: MembershipChange,
    expected: RosterVersion,
) -> Outcome<()> {
    let stale = || Ended::Known(MembershipError::Stale { tenant });
    if version(connection, tenant)? != expected {
        return Err(stale());
    }
    sql_query(
        "INSERT INTO public.tenantry_rosters (tenant_id, version) VALUES (?, ?) \
         ON CONFLICT (tenant_id) DO UPDATE SET version = excluded.version",
    )
    .bind::<Text, _>(tenant.to_string())
    .bind::<BigInt, _>(expected.next().number())
    .execute(connection)?;
    match change {
        MembershipChange::Put(member) => put(connection, tenant, member)?,
        MembershipChange::Remove(subject) => {
            sql_query("DELETE FROM public.tenantry_members WHERE tenant_id = ? AND subject = ?")
                .bind::<Text, _>(tenant.to_string())
                .bind::<Text, _>(subject.as_str())
                .execute(connection)?;
        }
        MembershipChange::Invite(invitation) => invite(connection, tenant, invitation)?,
        MembershipChange::Withdraw(id) => {
            take_invitation(connection, tenant, id)?;
        }
        MembershipChange::Accept { invitation, member } => {
            if !take_invitation(connection, tenant, invitation)? {
                return Err(stale());
            }
            put(connection, tenant, member)?;
        }
        _ => return Err(stale()),
    }
    Ok(())
}

fn put(connection: &mut SharedConnection, tenant: TenantId, member: Member) -> Outcome<()> {
    sql_query(
        "INSERT INTO public.tenantry_members (tenant_id, subject, role, since) VALUES (?, ?, ?, ?) \
         ON CONFLICT (tenant_id, subject) DO UPDATE SET role = excluded.role",
    )
    .bind::<Text, _>(tenant.to_string())
    .bind::<Text, _>(String::from(member.subject))
    .bind::<Text, _>(member.role.as_str())
    .bind::<BigInt, _>(member.since.timestamp_micros())
    .execute(connection)?;
    Ok(())
}

fn invite(
    connection: &mut SharedConnection,
    tenant: TenantId,
    invitation: Invitation,
) -> Outcome<()> {
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
    sql_query(
        "INSERT INTO public.tenantry_invitations \
         (id, tenant_id, role, invitee, invited_by, token, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(id.to_string())
    .bind::<Text, _>(tenant.to_string())
    .bind::<Text, _>(role.as_str())
    .bind::<Nullable<Text>, _>(invitee.map(String::from))
    .bind::<Nullable<Text>, _>(invited_by.map(String::from))
    .bind::<Text, _>(token.to_string())
    .bind::<BigInt, _>(made_at.timestamp_micros())
    .bind::<BigInt, _>(expires_at.timestamp_micros())
    .execute(connection)?;
    Ok(())
}

/// Whether it was there.
fn take_invitation(
    connection: &mut SharedConnection,
    tenant: TenantId,
    id: InvitationId,
) -> Outcome<bool> {
    let taken = sql_query("DELETE FROM public.tenantry_invitations WHERE tenant_id = ? AND id = ?")
        .bind::<Text, _>(tenant.to_string())
        .bind::<Text, _>(id.to_string())
        .execute(connection)?;
    Ok(taken > 0)
}

fn members(
    connection: &mut SharedConnection,
    tenant: TenantId,
    after: Option<Subject>,
    size: PageSize,
) -> Outcome<Vec<Member>> {
    // No subject is the empty text.
    let after = after.map(String::from).unwrap_or_default();
    let rows = sql_query(
        "SELECT subject, role, since FROM public.tenantry_members WHERE tenant_id = ? AND subject > ? \
         ORDER BY subject LIMIT ?",
    )
    .bind::<Text, _>(tenant.to_string())
    .bind::<Text, _>(after)
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    all(rows, MemberRow::into_member)
}

fn memberships(
    connection: &mut SharedConnection,
    subject: &Subject,
    after: Option<TenantId>,
    size: PageSize,
) -> Outcome<Vec<Membership>> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let rows = sql_query(
        "SELECT tenant_id, role FROM public.tenantry_members WHERE subject = ? AND tenant_id > ? \
         ORDER BY tenant_id LIMIT ?",
    )
    .bind::<Text, _>(subject.as_str())
    .bind::<Text, _>(after)
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    all(rows, MembershipRow::into_membership)
}

fn invitations(
    connection: &mut SharedConnection,
    tenant: TenantId,
    after: Option<InvitationId>,
    size: PageSize,
) -> Outcome<Vec<Invitation>> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let sql = format!("{INVITATIONS} WHERE tenant_id = ? AND id > ? ORDER BY id LIMIT ?");
    let rows = sql_query(sql)
        .bind::<Text, _>(tenant.to_string())
        .bind::<Text, _>(after)
        .bind::<BigInt, _>(i64::from(size.number()))
        .load(connection)?;
    all(rows, InvitationRow::into_invitation)
}

fn invitation(connection: &mut SharedConnection, token: &Digest) -> Outcome<Option<Invitation>> {
    let rows = sql_query(format!("{INVITATIONS} WHERE token = ?"))
        .bind::<Text, _>(token.to_string())
        .load(connection)?;
    let found = all(rows, InvitationRow::into_invitation)?;
    Ok(found.into_iter().next())
}

fn forget(connection: &mut SharedConnection, tenant: TenantId) -> Outcome<()> {
    for table in [
        "tenantry_rosters",
        "tenantry_members",
        "tenantry_invitations",
    ] {
        sql_query(format!("DELETE FROM public.{table} WHERE tenant_id = ?"))
            .bind::<Text, _>(tenant.to_string())
            .execute(connection)?;
    }
    Ok(())
}

fn failed(failure: Failure<MembershipError>) -> MembershipError {
    match failure {
        Failure::Known(error) => error,
        Failure::Unreadable(source) => MembershipError::Unreadable { source },
        Failure::Unavailable(source) => MembershipError::Unavailable { source },
        Failure::NotSetUp(source) => MembershipError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => MembershipError::Failed { source },
    }
}

#[async_trait]
impl MembershipStore for SqliteMembershipStore {
    async fn role_of(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, MembershipError> {
        let subject = subject.clone();
        let found = self
            .tables
            .read(move |connection| role_of(connection, tenant, &subject));
        found.await.map_err(failed)
    }

    async fn standing(
        &self,
        tenant: TenantId,
        subjects: &[Subject],
    ) -> Result<Standing, MembershipError> {
        let subjects = subjects.to_vec();
        // Several statements, of one moment.
        let found = self
            .tables
            .write(move |connection| standing(connection, tenant, &subjects));
        found.await.map_err(failed)
    }

    async fn change(
        &self,
        tenant: TenantId,
        wanted: &MembershipChange,
        expected: RosterVersion,
    ) -> Result<(), MembershipError> {
        let wanted = wanted.clone();
        let done = self
            .tables
            .write(move |connection| change(connection, tenant, wanted, expected));
        done.await.map_err(failed)
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipError> {
        let page = self
            .tables
            .read(move |connection| members(connection, tenant, after, size));
        page.await.map_err(failed)
    }

    async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipError> {
        let subject = subject.clone();
        let page = self
            .tables
            .read(move |connection| memberships(connection, &subject, after, size));
        page.await.map_err(failed)
    }

    async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipError> {
        let page = self
            .tables
            .read(move |connection| invitations(connection, tenant, after, size));
        page.await.map_err(failed)
    }

    async fn invitation(&self, token: &Digest) -> Result<Option<Invitation>, MembershipError> {
        let token = *token;
        let found = self
            .tables
            .read(move |connection| invitation(connection, &token));
        found.await.map_err(failed)
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), MembershipError> {
        let done = self
            .tables
            .write(move |connection| forget(connection, tenant));
        done.await.map_err(failed)
    }
}
