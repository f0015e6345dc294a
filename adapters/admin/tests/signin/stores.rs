//! The same over databases that several servers share.

use std::fs;
use std::sync::Arc;

use tenantry::operators::SignInToken;
use tenantry::ports::OperatorStore;
use tenantry_admin::Right;
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PostgresOperatorStore, SharedMigrations};
use tenantry_sqlite::{SqliteConfig, SqliteOperatorStore, SqliteStore, SqliteTenantRepository};
use tokio::sync::Barrier;

use crate::browser::Browser;
use crate::world::{SIGN_OUT, TENANTS, World, in_or_not};

/// A session's cookie, as the other server calls it.
fn carried(browser: &Browser, to: &World) -> Browser {
    let mut other = to.browser();
    let name = format!("tenantry_session_{}", to.address.port());
    other.cookies.insert(name, browser.session().expose());
    other
}

/// What two servers with one database have to do. Returns every secret that was given away, open or used.
async fn two_servers_are_one(store: impl Fn() -> Arc<dyn OperatorStore>) -> Vec<String> {
    let (here, there) = (World::over(store()).await, World::over(store()).await);
    let ines = here
        .account("operator:ines", &[Right::Read, Right::Manage])
        .await;
    let token = there.link(&ines).await;
    let start = Arc::new(Barrier::new(10));
    let racers = (0..10).map(|number| {
        let mut browser = if number % 2 == 0 { &here } else { &there }.browser();
        let (start, token) = (start.clone(), token.clone());
        tokio::spawn(async move {
            start.wait().await;
            let status = browser.sign_in(&token).await.status;
            (status, browser)
        })
    });
    let mut entered = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            (303, browser) => entered.push(browser),
            (status, _) => assert_eq!(status, 403),
        }
    }
    assert_eq!(entered.len(), 1, "of ten, one gets in");
    let browser = entered.remove(0);
    let (mut mine, mut theirs) = (carried(&browser, &here), carried(&browser, &there));
    assert!(in_or_not(&mine.get(TENANTS).await));
    assert!(in_or_not(&theirs.get(TENANTS).await));

    here.account("operator:ines", &[Right::Manage]).await;
    assert_eq!(
        theirs.get(TENANTS).await.status,
        403,
        "the right is gone there, too"
    );
    here.account("operator:ines", &[Right::Read]).await;
    assert!(in_or_not(&theirs.get(TENANTS).await), "the control");
    let csrf = theirs.csrf();
    let out = theirs.form(SIGN_OUT, &[("csrf", &csrf)]).await;
    assert_eq!(out.status, 303, "{out:?}");
    assert!(
        !in_or_not(&mine.get(TENANTS).await),
        "it is over everywhere"
    );

    let (used, open) = (here.link(&ines).await, here.link(&ines).await);
    let used_token: SignInToken = used.parse().unwrap();
    let started = here.operators.sign_in(&used_token, None).await.unwrap();
    let session = started.token;
    vec![
        token,
        used,
        open,
        browser.session().expose(),
        csrf,
        session.csrf().to_string(),
        session.expose(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_links_token_nor_a_sessions_is_anywhere_in_the_database() {
    let server = Postgres::shared();
    let database = server.create_named_database().unwrap();
    let config: tenantry_postgres::PostgresConfig = server.database_url(&database).parse().unwrap();
    let migrations = SharedMigrations::of_tenantry(config.clone());
    migrations.run().await.unwrap();
    let store = || Arc::new(PostgresOperatorStore::new(config.clone())) as Arc<dyn OperatorStore>;
    let secrets = two_servers_are_one(store).await;
    let rows = server.run_sql(
        &database,
        "SELECT l::text FROM tenantry_sign_in_links AS l \
         UNION ALL SELECT s::text FROM tenantry_operator_sessions AS s",
    );
    let rows = rows.unwrap();
    let open: SignInToken = secrets[2].parse().unwrap();
    assert!(
        rows.contains(&open.digest().to_string()),
        "the control: {rows}"
    );
    for secret in secrets {
        assert!(!rows.contains(&secret), "{rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_links_token_nor_a_sessions_is_anywhere_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = || SqliteStore::open(SqliteConfig::new(data.clone())).unwrap();
    SqliteTenantRepository::new(&open()).set_up().unwrap();
    let store = || Arc::new(SqliteOperatorStore::new(&open())) as Arc<dyn OperatorStore>;
    let secrets = two_servers_are_one(store).await;
    let mut bytes = Vec::new();
    for file in fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let link: SignInToken = secrets[2].parse().unwrap();
    assert!(holds(&link.digest().to_string()), "the control");
    for secret in secrets {
        assert!(!holds(&secret));
    }
}
