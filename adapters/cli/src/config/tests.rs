//! Which of several settings counts, and that every mistake is found.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::args::Cli;

/// A reading of a file with this text, this environment and these flags.
fn reading(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> Reading {
    reading_for(For::Server, file, environment, flags)
}

fn reading_for(whom: For, file: &str, environment: &[(&str, &str)], flags: &[&str]) -> Reading {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("settings.toml");
    fs::write(&path, file).unwrap();
    reading_of(whom, &path, environment, flags)
}

fn reading_of(whom: For, file: &Path, environment: &[(&str, &str)], flags: &[&str]) -> Reading {
    use clap::Parser;
    let command = ["tenantry", "config", "check", "--config"];
    let args = command.into_iter().chain([file.to_str().unwrap()]);
    let mut cli = Cli::parse_from(args.chain(flags.iter().copied()));
    let crate::args::Command::Config(crate::args::ConfigCommand::Check(args)) = cli.command else {
        panic!("it was another command");
    };
    // What the reader of the command line takes from the environment, of which it knows this process's alone.
    let of = |key| {
        let found = environment.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| (*value).to_owned())
    };
    let global = &mut cli.global;
    global.database_url = global
        .database_url
        .take()
        .or_else(|| of("TENANTRY_DATABASE_URL"));
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    Reading::of(global, &args, &environment, whom)
}

fn mistakes(reading: &Reading) -> Vec<String> {
    let Err(mistakes) = &reading.config else {
        return Vec::new();
    };
    let line = |mistake: &mistake::Mistake| {
        let place = mistake.place.rsplit('/').next().unwrap();
        format!("{place}: {}", mistake.text)
    };
    mistakes.iter().map(line).collect()
}

fn from(reading: &Reading, setting: Setting) -> (String, String) {
    let found = reading
        .entries
        .iter()
        .find(|entry| entry.setting == setting);
    let entry = found.unwrap();
    let source = entry.source.to_string();
    (
        entry.shown.clone(),
        source.rsplit('/').next().unwrap().to_owned(),
    )
}

#[test]
fn a_flag_counts_over_the_environment_which_counts_over_the_file_which_counts_over_the_default() {
    let bind = |file: &str, environment: &[(&str, &str)], flags: &[&str]| {
        let reading = reading(file, environment, flags);
        assert_eq!(mistakes(&reading), [""; 0]);
        let address = reading
            .config
            .as_ref()
            .unwrap_or_else(|_| unreachable!())
            .bind;
        let (shown, source) = from(&reading, Setting::Bind);
        assert_eq!(shown, address.to_string());
        (address.port(), source)
    };
    let file = "# Where.\nbind = \"127.0.0.1:1001\"\n";
    let environment = [("TENANTRY_BIND", "127.0.0.1:1002")];
    let flags = ["--bind", "127.0.0.1:1003"];
    assert_eq!(bind("", &[], &[]), (8080, "by default".into()));
    assert_eq!(bind(file, &[], &[]), (1001, "settings.toml, line 2".into()));
    assert_eq!(
        bind(file, &environment, &[]),
        (1002, "TENANTRY_BIND".into())
    );
    assert_eq!(bind(file, &environment, &flags), (1003, "--bind".into()));
    let empty = [("TENANTRY_BIND", "")];
    assert_eq!(
        bind(file, &empty, &[]).0,
        1001,
        "an empty variable says nothing"
    );
}

#[test]
fn the_database_is_known_to_be_from_a_flag_or_from_the_environment() {
    let environment = [("TENANTRY_DATABASE_URL", "sqlite:a")];
    let reading_of_both = reading("", &environment, &["--database-url", "sqlite:b"]);
    let flag = ("sqlite:b".into(), "--database-url".into());
    assert_eq!(from(&reading_of_both, Setting::DatabaseUrl), flag);
    let variable = ("sqlite:a".into(), "TENANTRY_DATABASE_URL".into());
    assert_eq!(
        from(&reading("", &environment, &[]), Setting::DatabaseUrl),
        variable
    );
}

#[test]
fn every_mistake_is_told_at_once_and_where_it_is() {
    let file = "bnid = \"127.0.0.1:1\"\npool_size = 0\nlog_format = [\"json\"]\noperator_token = \"x\"\nzebra = 1\n";
    let environment = [
        ("TENANTRY_READY_TIMEOUT", "soon"),
        ("TENANTRY_STOP_TIMEUOT", "1s"),
        ("TENANTRY_OPERATOR_TOKEN", "hunter2"),
    ];
    let reading = reading(
        file,
        &environment,
        &["--migrations", "/nowhere", "--plain-http=maybe"],
    );
    let found = mistakes(&reading);
    let expected = [
        "settings.toml, line 1: there is no setting \"bnid\": bind was meant, probably",
        "settings.toml, line 3: log_format is a text, a number or a truth value, and no array",
        "settings.toml, line 4: operator_token is a secret: give it as TENANTRY_OPERATOR_TOKEN",
        "settings.toml, line 5: there is no setting \"zebra\": tenantry config check shows those that there are",
        "TENANTRY_STOP_TIMEUOT: there is no such setting: TENANTRY_STOP_TIMEOUT was meant, probably",
        "--migrations: migrations: there is no such folder",
        "settings.toml, line 2: pool_size: it is a number from 2 to 1000",
        "--plain-http: plain_http: it is true or false",
        "TENANTRY_OPERATOR_TOKEN: operator_token: an operator's token has 7 bytes: use 32 to 1024, at random",
        "TENANTRY_READY_TIMEOUT: ready_timeout: it is a time of at most an hour, as 500ms, 30s or 2m",
    ];
    assert_eq!(found, expected);
    assert!(!found.concat().contains("hunter2"));
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_mistake() {
    let missing = reading_of(For::Server, Path::new("/nowhere/settings.toml"), &[], &[]);
    assert_eq!(
        mistakes(&missing),
        ["settings.toml, line 1: there is no such file"]
    );
    let broken = mistakes(&reading("bind = \"127.0.0.1:1\"\nlog = info\n", &[], &[]));
    assert!(
        broken[0].starts_with("settings.toml, line 2: it is no TOML: "),
        "{broken:?}"
    );
    let twice = mistakes(&reading("log = \"info\"\nlog = \"debug\"\n", &[], &[]));
    assert!(
        twice[0].starts_with("settings.toml, line 2: it is no TOML: "),
        "{twice:?}"
    );
}

#[test]
fn an_address_that_others_reach_is_refused_unless_it_is_asked_for() {
    let url = ["--public-url", "https://tenants.example"];
    for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
        let bind = ["--bind", address];
        let refused = mistakes(&reading("", &[], &[bind, url].concat()));
        assert_eq!(refused.len(), 1, "{address}");
        assert!(
            refused[0].starts_with("--bind: bind: others reach it there"),
            "{refused:?}"
        );
        let asked = [&bind[..], &["--plain-http"]].concat();
        let nowhere = mistakes(&reading("", &[], &asked));
        assert_eq!(nowhere.len(), 1, "{address}");
        assert!(nowhere[0].contains("where others reach it"), "{nowhere:?}");
        let said = reading("", &[], &[&asked, &url[..]].concat());
        assert_eq!(mistakes(&said), [""; 0], "{address}");
    }
    let loopback = reading("", &[], &["--bind", "[::1]:80"]);
    assert_eq!(mistakes(&loopback), [""; 0]);
}

#[test]
fn tenants_without_tables_are_for_trying_out_or_asked_for() {
    let postgres = ["--database-url", "postgres://app:hunter2@db/shop"];
    let refused = mistakes(&reading("", &[], &postgres));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(
        refused[0].contains("every new tenant would lack its tables"),
        "{refused:?}"
    );
    let asked = reading("without_tables = true\n", &[], &postgres);
    assert_eq!(mistakes(&asked), [""; 0]);
    let on_sqlite = reading("", &[], &["--database-url", "sqlite:data"]);
    assert_eq!(mistakes(&on_sqlite), [""; 0]);
    assert_eq!(from(&on_sqlite, Setting::WithoutTables).0, "true");
    let both = mistakes(&reading(
        "without_tables = true\n",
        &[],
        &["--migrations", "."],
    ));
    assert!(both[0].contains("migrations are named, too"), "{both:?}");
    let migrated = reading("", &[], &["--migrations", "."]);
    assert_eq!(mistakes(&migrated), [""; 0]);
}

#[test]
fn tables_are_made_on_sqlite_and_on_postgresql_if_that_is_asked_for() {
    let setup = |flags: &[&str]| from(&reading("", &[], flags), Setting::Setup).0;
    assert_eq!(setup(&[]), "true");
    assert_eq!(setup(&["--setup=false"]), "false");
    assert_eq!(setup(&["--database-url", "postgres://db/shop"]), "false");
    assert_eq!(
        setup(&["--database-url", "postgres://db/shop", "--setup"]),
        "true"
    );
}

#[test]
fn a_link_is_printed_where_the_server_is_for_this_machine_alone_or_if_it_is_asked_for() {
    let link = |flags: &[&str]| from(&reading("", &[], flags), Setting::SignInLink).0;
    let url = ["--public-url", "https://tenants.example"];
    assert_eq!(link(&[]), "true");
    assert_eq!(link(&url), "false");
    assert_eq!(link(&["--bind", "0.0.0.0:80"]), "false");
    assert_eq!(link(&[&url[..], &["--sign-in-link"]].concat()), "true");
}

#[test]
fn no_secret_is_shown() {
    let token = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let environment = [("TENANTRY_OPERATOR_TOKEN", token)];
    let flags = [
        "--database-url",
        "postgres://app:hunter2@db/shop",
        "--without-tables",
    ];
    let reading = reading("", &environment, &flags);
    assert_eq!(mistakes(&reading), [""; 0]);
    assert!(!format!("{:?}", reading.entries).contains("hunter2"));
    assert_eq!(from(&reading, Setting::OperatorToken).0, "(hidden)");
    let (shown, _) = from(&reading, Setting::DatabaseUrl);
    assert_eq!(shown, "PostgreSQL at host=db dbname=shop user=app");
    let wrong = [
        "postgres://app:hunter2@db@db/shop",
        "mysql://app:hunter2@db/shop",
    ];
    for url in wrong {
        let found = mistakes(&self::reading("", &[], &["--database-url", url]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
}

#[cfg(feature = "oidc")]
#[test]
fn half_of_an_identity_provider_is_a_mistake_and_so_are_two_secrets() {
    let whole = [
        "--oidc-issuer",
        "https://id.example.com",
        "--oidc-client-id",
        "x",
    ];
    let told = reading("", &[("TENANTRY_OIDC_CLIENT_SECRET", "hunter2")], &whole);
    assert_eq!(mistakes(&told), [""; 0]);
    assert_eq!(from(&told, Setting::OidcClientSecret).0, "(hidden)");
    let issuer_alone = mistakes(&reading("", &[], &whole[..2]));
    assert_eq!(issuer_alone.len(), 1, "{issuer_alone:?}");
    assert!(
        issuer_alone[0].contains("oidc_client_id: "),
        "{issuer_alone:?}"
    );
    let client_alone = mistakes(&reading("", &[], &whole[2..]));
    assert!(
        client_alone[0].contains("say oidc_issuer"),
        "{client_alone:?}"
    );
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "hunter3\n").unwrap();
    let file = ["--oidc-client-secret-file", secret.path().to_str().unwrap()];
    let both = [&whole[..], &file].concat();
    let twice = mistakes(&reading(
        "",
        &[("TENANTRY_OIDC_CLIENT_SECRET", "hunter2")],
        &both,
    ));
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert!(twice[0].contains("say one of the two"), "{twice:?}");
    fs::write(secret.path(), "\n").unwrap();
    let empty = mistakes(&reading("", &[], &both));
    assert!(empty[0].contains("it is empty"), "{empty:?}");
    let in_file = mistakes(&reading("oidc_client_secret = \"hunter2\"\n", &[], &whole));
    assert!(
        in_file[0].contains("give it as TENANTRY_OIDC_CLIENT_SECRET"),
        "{in_file:?}"
    );
    let in_the_clear = mistakes(&reading(
        "",
        &[],
        &["--oidc-issuer", "http://id.example.com"],
    ));
    assert!(
        in_the_clear[0].starts_with("--oidc-issuer: "),
        "{in_the_clear:?}"
    );
}

#[test]
fn variables_of_others_are_left_alone() {
    let environment = [
        ("TENANTRY_PORT", "tcp://10.0.0.1:80"),
        ("TENANTRY_SERVICE_HOST", "10.0.0.1"),
        ("TENANTRY_ACTOR", "user:42"),
        ("TENANTRY_JOB_ID", "7"),
        ("PATH", "/bin"),
    ];
    assert_eq!(mistakes(&reading("", &environment, &[])), [""; 0]);
}

#[test]
fn the_book_names_every_setting() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/serving.md");
    let book = fs::read_to_string(book).unwrap();
    for setting in Setting::ALL {
        let named = format!("| `{}` |", setting.key());
        assert!(
            book.contains(&named),
            "{named} isn't in the table of settings"
        );
    }
}

#[test]
fn what_a_server_needs_for_new_tenants_keeps_no_token_from_being_revoked() {
    let url = [("TENANTRY_DATABASE_URL", "postgres://db.example/app")];
    let server = mistakes(&reading("", &url, &[]));
    assert!(
        server.iter().any(|mistake| mistake.contains("migrations")),
        "{server:?}"
    );
    let operators = mistakes(&reading_for(For::Operators, "", &url, &[]));
    assert_eq!(operators, [""; 0]);
}
