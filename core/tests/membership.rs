//! The laws of membership: whatever is asked in whatever order, an owner stays, and nobody gets more than they may give.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tenantry::membership::rules::{self, Asker};
use tenantry::membership::{
    EmailAddress, Invitation, InvitationId, InvitationToken, Invitee, MembershipChange,
    MembershipRefused, Newcomer, Role, RosterVersion, Standing, Subject,
};
use tenantry::{Actor, Digest, TenantId};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn tenant() -> TenantId {
    TenantId::from_parts(now(), [1; 10])
}

fn subject(number: u8) -> Subject {
    Subject::new(format!("user:{number}")).unwrap()
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

/// Somebody of five; number 5 is an operator.
fn asker() -> impl Strategy<Value = Asker> {
    (0..6_u8).prop_map(|number| match number {
        5 => Asker::Operator,
        number => Asker::Subject(subject(number)),
    })
}

#[derive(Clone, Debug)]
enum Ask {
    Found(u8),
    Add(u8, Role),
    SetRole(u8, Role),
    Remove(u8),
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        (0..5_u8).prop_map(Ask::Found),
        (0..5_u8, role()).prop_map(|(who, role)| Ask::Add(who, role)),
        (0..5_u8, role()).prop_map(|(who, role)| Ask::SetRole(who, role)),
        (0..5_u8).prop_map(Ask::Remove),
    ]
}

fn standing(members: &BTreeMap<Subject, Role>) -> Standing {
    let owners = members.values().filter(|role| **role == Role::Owner);
    Standing {
        version: RosterVersion::NONE,
        owners: owners.count() as u64,
        roles: members.clone(),
    }
}

fn decide(
    members: &BTreeMap<Subject, Role>,
    by: &Asker,
    ask: &Ask,
) -> Result<MembershipChange, MembershipRefused> {
    let standing = standing(members);
    match ask {
        Ask::Found(who) => rules::found(&standing, tenant(), subject(*who), now()),
        Ask::Add(who, role) => rules::add(&standing, by, subject(*who), *role, now()),
        Ask::SetRole(who, role) => rules::set_role(&standing, by, subject(*who), *role, now()),
        Ask::Remove(who) => rules::remove(&standing, by, subject(*who)),
    }
}

fn apply(members: &mut BTreeMap<Subject, Role>, change: &MembershipChange) {
    match change {
        MembershipChange::Put(member) => {
            members.insert(member.subject.clone(), member.role);
        }
        MembershipChange::Remove(subject) => {
            members.remove(subject);
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_tenant_that_had_an_owner_has_one_whatever_is_asked(
        asks in prop::collection::vec((asker(), ask()), 1..60),
    ) {
        let mut members = BTreeMap::new();
        let mut had_an_owner = false;
        for (by, ask) in asks {
            if let Ok(change) = decide(&members, &by, &ask) {
                apply(&mut members, &change);
            }
            let has = standing(&members).owners > 0;
            prop_assert!(has || !had_an_owner, "{members:?} after {ask:?}");
            had_an_owner |= has;
        }
    }

    #[test]
    fn nobody_changes_whom_they_may_not_manage(
        roles in prop::collection::btree_map(0..5_u8, role(), 0..5),
        by in 0..5_u8,
        ask in ask(),
    ) {
        let members: BTreeMap<_, _> = roles.iter().map(|(who, role)| (subject(*who), *role)).collect();
        let (asker, own) = (Asker::Subject(subject(by)), roles.get(&by).copied());
        let (Ask::Add(who, _) | Ask::SetRole(who, _) | Ask::Remove(who)) = ask else {
            return Ok(());
        };
        let before = roles.get(&who).copied();
        let Ok(change) = decide(&members, &asker, &ask) else {
            return Ok(());
        };
        let mut after = members.clone();
        apply(&mut after, &change);
        let (own, after) = (own.expect("a stranger changes nothing"), after.get(&subject(who)).copied());
        if who == by {
            prop_assert!(after.is_none_or(|after| after <= own), "{own} made themselves {after:?}");
        } else {
            prop_assert!(before.is_none_or(|before| own.may_manage(before)), "{own} changed {before:?}");
            prop_assert!(after.is_none_or(|after| own.may_manage(after)), "{own} made somebody {after:?}");
        }
    }

    #[test]
    fn a_stranger_is_told_the_same_whatever_they_ask(
        roles in prop::collection::btree_map(0..4_u8, role(), 0..5),
        ask in ask(),
    ) {
        let members = roles.iter().map(|(who, role)| (subject(*who), *role)).collect();
        let stranger = Asker::Subject(subject(4));
        if !matches!(ask, Ask::Found(_)) {
            let told = decide(&members, &stranger, &ask);
            prop_assert_eq!(told, Err(MembershipRefused::Stranger { subject: subject(4) }));
        }
    }

    #[test]
    fn a_role_covers_what_a_lesser_one_does(greater in role(), lesser in role(), needed in role()) {
        prop_assume!(greater >= lesser);
        prop_assert!(!lesser.covers(needed) || greater.covers(needed));
        prop_assert!(!lesser.may_manage(needed) || greater.may_manage(needed));
        prop_assert!(!greater.may_manage(needed) || greater.covers(needed));
    }

    #[test]
    fn what_is_a_subject_is_read_back_and_names_an_actor(text in "\\PC{0,210}") {
        if let Ok(subject) = Subject::new(text.clone()) {
            prop_assert_eq!(subject.as_str(), &text);
            prop_assert_eq!(Actor::from(&subject), Actor::named(text).unwrap());
        }
    }

    #[test]
    fn a_token_is_read_back_and_a_digest_too(secret in any::<[u8; 32]>()) {
        let token = InvitationToken::of_secret(&secret);
        let read: InvitationToken = token.expose().parse().unwrap();
        prop_assert_eq!(read.digest(), token.digest());
        prop_assert!(!token.expose().contains(&token.digest().to_string()));
        let digest = Digest::from_bytes(&secret).unwrap();
        prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }
}

fn invitation() -> Invitation {
    Invitation {
        id: InvitationId::from_parts(now(), [2; 10]),
        tenant: tenant(),
        role: Role::Admin,
        invitee: None,
        invited_by: Some(subject(0)),
        token: Digest::ZERO,
        made_at: now(),
        expires_at: now() + TimeDelta::days(1),
    }
}

fn of(roles: &[(u8, Role)]) -> Standing {
    standing(
        &roles
            .iter()
            .map(|(who, role)| (subject(*who), *role))
            .collect(),
    )
}

#[test]
fn an_invitation_is_worth_what_its_giver_could_give_today() {
    let newcomer = Newcomer::new(subject(9));
    let accept = |roles: &[(u8, Role)]| rules::accept(&of(roles), &invitation(), &newcomer, now());
    assert!(accept(&[(0, Role::Owner)]).is_ok());
    for roles in [&[(0, Role::Admin)][..], &[(0, Role::Viewer)], &[]] {
        let refused = accept(roles);
        assert!(
            matches!(refused, Err(MembershipRefused::InviterGone { .. })),
            "{refused:?}"
        );
    }
    let by_operator = Invitation {
        invited_by: None,
        ..invitation()
    };
    assert!(rules::accept(&of(&[]), &by_operator, &newcomer, now()).is_ok());
}

#[test]
fn an_invitation_never_changes_what_a_member_is() {
    for role in Role::ALL {
        let standing = of(&[(0, Role::Owner), (9, role)]);
        let refused = rules::accept(&standing, &invitation(), &Newcomer::new(subject(9)), now());
        assert!(
            matches!(refused, Err(MembershipRefused::AlreadyMember { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn an_invitation_for_somebody_looks_unknown_to_others_even_when_it_has_expired() {
    let mail = EmailAddress::new("grace@example.com").unwrap();
    for invitee in [Invitee::Email(mail.clone()), Invitee::Subject(subject(8))] {
        let invitation = Invitation {
            invitee: Some(invitee.clone()),
            ..invitation()
        };
        let standing = of(&[(0, Role::Owner)]);
        let later = now() + TimeDelta::days(2);
        let refused = rules::accept(&standing, &invitation, &Newcomer::new(subject(9)), later);
        assert_eq!(refused, Err(MembershipRefused::InvitationUnknown));
        assert_eq!(invitee.to_string().parse::<Invitee>().unwrap(), invitee);
    }
}

#[test]
fn an_admin_manages_neither_admins_nor_owners_and_may_leave() {
    let standing = of(&[
        (0, Role::Owner),
        (1, Role::Admin),
        (2, Role::Admin),
        (3, Role::Member),
    ]);
    let admin = Asker::Subject(subject(1));
    let refused = |outcome: Result<MembershipChange, _>| {
        matches!(
            outcome,
            Err(MembershipRefused::NotAllowed {
                role: Role::Admin,
                ..
            })
        )
    };
    assert!(refused(rules::remove(&standing, &admin, subject(2))));
    assert!(refused(rules::remove(&standing, &admin, subject(0))));
    assert!(refused(rules::set_role(
        &standing,
        &admin,
        subject(3),
        Role::Admin,
        now()
    )));
    assert!(refused(rules::set_role(
        &standing,
        &admin,
        subject(1),
        Role::Owner,
        now()
    )));
    assert!(rules::set_role(&standing, &admin, subject(3), Role::Viewer, now()).is_ok());
    assert!(rules::set_role(&standing, &admin, subject(1), Role::Member, now()).is_ok());
    assert!(rules::remove(&standing, &admin, subject(1)).is_ok());
}

#[test]
fn refused_texts_and_secrets_are_told_as_they_should_be() {
    for text in [
        "",
        " ",
        "a b",
        "a\u{a0}b",
        "a\nb",
        "system",
        &"x".repeat(201),
    ] {
        assert!(Subject::new(text).is_err(), "{text:?}");
    }
    for text in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n"] {
        assert!(EmailAddress::new(text).is_err(), "{text:?}");
    }
    let almost = "0".repeat(63);
    let refused = almost.parse::<InvitationToken>().unwrap_err();
    assert!(!refused.to_string().contains(&almost));
    for text in [almost, "A".repeat(64), "g".repeat(64), "é".repeat(32)] {
        assert!(text.parse::<InvitationToken>().is_err(), "{text}");
        assert!(text.parse::<Digest>().is_err(), "{text}");
    }
    assert!(Digest::from_bytes(&[0; 31]).is_err());
}

#[test]
fn a_change_based_on_a_role_is_refused_once_it_is_another() {
    let members = BTreeMap::from([(subject(1), Role::Member)]);
    let standing = standing(&members);
    assert_eq!(rules::still(&standing, &subject(1), Role::Member), Ok(()));
    let stale = MembershipRefused::RoleChanged {
        subject: subject(1),
        expected: Role::Viewer,
    };
    let found = rules::still(&standing, &subject(1), Role::Viewer);
    assert_eq!(found, Err(stale));
    let nobody = rules::still(&standing, &subject(2), Role::Viewer);
    assert!(matches!(nobody, Err(MembershipRefused::NoMember { .. })));
}
