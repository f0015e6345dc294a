//! Who may act in a tenant, as an operator changes it.

use serde_json::{Value, json};

use crate::surroundings::{Databases, Tenantry};

/// A command on each database with two tenants.
fn both(work: impl Fn(&Tenantry)) {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        for slug in ["acme", "globex"] {
            tenantry.ok(&["tenant", "create", slug]);
        }
        work(&tenantry);
    }
}

fn roles(tenantry: &Tenantry, slug: &str) -> Vec<(String, String)> {
    let members = tenantry.json(&["members", "list", slug]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let role = |member: &Value| (text(&member["subject"]), text(&member["role"]));
    members.as_array().unwrap().iter().map(role).collect()
}

fn are(roles: &[(String, String)], expected: &[(&str, &str)]) -> bool {
    let roles = roles.iter().map(|(who, role)| (&**who, &**role));
    roles.eq(expected.iter().copied())
}

#[test]
fn members_are_added_changed_and_removed_and_an_owner_is_left() {
    both(|tenantry| {
        tenantry.ok(&["members", "add", "acme", "ada", "--role", "owner"]);
        tenantry.ok(&["members", "add", "acme", "grace", "--role", "viewer"]);
        let twice = ["members", "add", "acme", "grace", "--role", "admin"];
        tenantry.refused(&twice, "already");
        tenantry.ok(&["members", "change", "acme", "grace", "--role", "admin"]);
        let found = roles(tenantry, "acme");
        assert!(
            are(&found, &[("ada", "owner"), ("grace", "admin")]),
            "{found:?}"
        );
        assert!(tenantry.ok(&["members", "list", "acme"]).contains("grace"));
        assert!(roles(tenantry, "globex").is_empty());
        let last = ["members", "remove", "acme", "ada"];
        tenantry.refused(&last, "owner");
        let less = ["members", "change", "acme", "ada", "--role", "member"];
        tenantry.refused(&less, "owner");
        tenantry.ok(&["members", "remove", "acme", "grace"]);
        let found = roles(tenantry, "acme");
        assert!(are(&found, &[("ada", "owner")]), "{found:?}");
        let king = ["members", "add", "acme", "eve", "--role", "king"];
        tenantry.refused(&king, "owner, admin, member or viewer");
        let blank = ["members", "add", "acme", "a b", "--role", "viewer"];
        tenantry.refused(&blank, "a b");
        let nobody = ["members", "add", "nobody", "ada", "--role", "owner"];
        tenantry.refused(&nobody, "no tenant has the slug");
    });
}

#[test]
fn an_invitations_token_is_shown_once() {
    both(|tenantry| {
        tenantry.ok(&["members", "add", "acme", "ada", "--role", "owner"]);
        let invite = [
            "members",
            "invite",
            "acme",
            "--role",
            "member",
            "--for",
            "email:Grace@example.com",
        ];
        let invited = tenantry.json(&invite);
        let (id, token) = (
            invited["id"].as_str().unwrap(),
            invited["token"].as_str().unwrap(),
        );
        assert_eq!(token.len(), 64);
        let shown = tenantry.ok(&invite);
        assert!(shown.contains("shown this once: "), "{shown}");
        let other = shown.split_whitespace().last().unwrap().to_owned();
        assert_ne!(other, token);

        let listed = tenantry.json(&["members", "invitations", "acme"]);
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_eq!(listed[0]["for"], "email:grace@example.com");
        let log = ["audit", "export", "--tenant", "acme"];
        for args in [
            ["members", "invitations", "acme"].as_slice(),
            &["members", "list", "acme"],
            &log,
        ] {
            for said in [tenantry.ok(args), tenantry.json_lines(args)] {
                assert!(!said.contains(token) && !said.contains(&other), "{said}");
            }
        }
        tenantry.ok(&["members", "withdraw", "acme", id]);
        let left = tenantry.json(&["members", "invitations", "acme"]);
        assert_eq!(left.as_array().unwrap().len(), 1);
        assert_ne!(left[0]["id"], id);
    });
}

#[test]
fn an_invitation_is_for_as_long_as_it_says_and_a_month_at_most() {
    both(|tenantry| {
        let days = |valid_for: &str| {
            let args = [
                "members",
                "invite",
                "acme",
                "--role",
                "viewer",
                "--valid-for",
                valid_for,
            ];
            let made = tenantry.json(&args);
            let at = |key: &str| {
                let at = made[key].as_str().unwrap();
                at.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
            };
            (at("expires_at") - at("made_at")).num_days()
        };
        assert_eq!(days("2d"), 2);
        assert_eq!(days("30d"), 30);
        let longer = [
            "members",
            "invite",
            "acme",
            "--role",
            "viewer",
            "--valid-for",
            "31d",
        ];
        tenantry.refused(&longer, "30d at most");
        let whom = [
            "members", "invite", "acme", "--role", "viewer", "--for", "grace",
        ];
        tenantry.refused(&whom, "subject:");
    });
}

#[test]
fn every_change_is_in_the_log_with_who_asked_also_one_that_failed() {
    both(|tenantry| {
        let add = [
            "members",
            "add",
            "acme",
            "ada",
            "--role",
            "owner",
            "--actor",
            "operator:1",
        ];
        tenantry.ok(&add);
        tenantry.refused(&["members", "remove", "acme", "ada"], "owner");
        let log = tenantry.json(&["audit", "list", "--tenant", "acme"]);
        let entries = log["entries"].as_array().unwrap();
        let actions: Vec<_> = entries
            .iter()
            .map(|entry| entry["action"].clone())
            .collect();
        assert_eq!(
            actions,
            ["member.add", "member.remove", "member.remove.failed"]
        );
        assert_eq!(entries[0]["actor"], "operator:1");
        assert_eq!(entries[0]["target"], "ada");
        assert_eq!(entries[0]["detail"], json!(r#"{"role":"owner"}"#));
        let others = tenantry.json(&["audit", "list", "--tenant", "globex"]);
        assert_eq!(others["entries"], json!([]));
    });
}

#[test]
fn without_its_tables_the_error_names_the_command_that_makes_them() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        for args in [
            ["members", "list", "acme"],
            ["domains", "list", "acme"],
            ["audit", "list", "--shared"],
        ] {
            tenantry.refused(&args, "tenantry setup");
        }
    }
}
