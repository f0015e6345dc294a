use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_lite::future::block_on;
use tenantry::ports::{
    Creation, Removal, SchemaError, SchemaProvider, SchemaState, TenantRepository,
};
use tenantry::{
    Actor, PageRequest, Settings, Slug, Tenant, TenantContext, TenantFilter, TenantId, TenantName,
    TenantParts, TenantStatus, Version,
};
use tenantry_sqlite::{SqliteConfig, SqliteSchemaProvider, SqliteStore, SqliteTenantRepository};

use crate::child::{Items, Other, open};

pub(crate) const ALL: [(&str, fn()); 6] = [
    (
        "of_ten_processes_that_race_for_a_slug_one_wins",
        of_ten_processes_that_race_for_a_slug_one_wins,
    ),
    (
        "ten_processes_set_up_one_folder_at_once",
        ten_processes_set_up_one_folder_at_once,
    ),
    (
        "of_two_creations_one_does_the_work",
        of_two_creations_one_does_the_work,
    ),
    (
        "a_creation_killed_in_a_migration_leaves_nothing",
        a_creation_killed_in_a_migration_leaves_nothing,
    ),
    (
        "a_creation_killed_at_any_moment_is_whole_or_absent",
        a_creation_killed_at_any_moment_is_whole_or_absent,
    ),
    (
        "another_process_notices_what_became_of_a_file",
        another_process_notices_what_became_of_a_file,
    ),
];

struct World {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            path: folder.path().join("data"),
            _folder: folder,
        }
    }

    fn hasty(&self) -> SqliteStore {
        let config = SqliteConfig::new(&self.path).lock_timeout(Duration::from_millis(200));
        SqliteStore::open(config).expect("the folder")
    }

    fn hasty_provider(&self) -> SqliteSchemaProvider {
        SqliteSchemaProvider::new(&self.hasty(), Items { stops: false })
    }

    /// The names in the tenants' folder, without what SQLite keeps beside a file that somebody has looked at.
    fn tenant_files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path.join("tenants"))
            .expect("the folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.retain(|name| {
            let beside = name
                .strip_suffix("-wal")
                .or_else(|| name.strip_suffix("-shm"));
            beside.is_none_or(|file| !self.path.join("tenants").join(file).exists())
        });
        names.sort();
        names
    }
}

fn tenant(number: u8) -> Tenant {
    let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    Tenant::restore(TenantParts {
        id: TenantId::from_parts(at, [number; 10]),
        slug: Slug::new("acme").expect("a slug"),
        name: TenantName::new("Acme").expect("a name"),
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: at,
        provisioned_at: Some(at),
        settings: Settings::default(),
    })
    .expect("consistent")
}

fn context(number: u8) -> TenantContext {
    TenantContext::of(&tenant(number), Actor::system()).expect("it is active")
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}

/// Starts ten, lets them go at once, and gives the last word of each.
fn ten(role: &str, folder: &Path, what: impl Fn(u8) -> String) -> Vec<String> {
    let mut others: Vec<_> = (0..10)
        .map(|n| Other::start(role, folder, &what(n)))
        .collect();
    for other in &mut others {
        assert_eq!(other.hear(), "ready");
    }
    for other in &mut others {
        other.say("go");
    }
    others.iter_mut().map(Other::hear).collect()
}

fn of_ten_processes_that_race_for_a_slug_one_wins() {
    let world = World::new();
    let repository = SqliteTenantRepository::new(&open(&world.path));
    repository.set_up().expect("a new file");
    let mut words = ten("insert", &world.path, |number| json(&tenant(number)));
    words.sort();
    let mut expected = vec!["taken"; 9];
    expected.push("won");
    assert_eq!(words, expected);
    let all = block_on(repository.list(&TenantFilter::default(), PageRequest::default()));
    assert_eq!(all.expect("a page").items.len(), 1);
}

fn ten_processes_set_up_one_folder_at_once() {
    let world = World::new();
    assert_eq!(ten("set-up", &world.path, |_| String::new()), ["done"; 10]);
}

fn of_two_creations_one_does_the_work() {
    let world = World::new();
    let acme = context(1);
    let mut first = Other::start("create-and-stop", &world.path, &json(&acme));
    assert_eq!(first.hear(), "ready");
    first.say("go");
    assert_eq!(first.hear(), "ready", "in the migration");
    let second = block_on(world.hasty_provider().create(&acme.schema()));
    assert!(
        matches!(second, Err(SchemaError::Busy { .. })),
        "{second:?}"
    );
    let seen = block_on(world.hasty_provider().inspect(&acme.schema()));
    assert_eq!(
        seen.expect("a look"),
        SchemaState::Missing,
        "nobody sees half a file"
    );
    first.say("go on");
    assert_eq!(first.hear(), "made");
    let third = block_on(world.hasty_provider().create(&acme.schema()));
    assert_eq!(third.expect("free by now"), Creation::AlreadyThere);
    assert_eq!(world.tenant_files(), ["tenant_acme.sqlite"]);
}

fn a_creation_killed_in_a_migration_leaves_nothing() {
    let world = World::new();
    let acme = context(1);
    let mut killed = Other::start("create-and-stop", &world.path, &json(&acme));
    assert_eq!(killed.hear(), "ready");
    killed.say("go");
    assert_eq!(killed.hear(), "ready", "in the migration");
    killed.kill();
    assert_eq!(world.tenant_files(), [".tenant_acme.new"], "what it left");
    assert_eq!(block_on(world.hasty_provider().list()).expect("a list"), []);
    let made = block_on(world.hasty_provider().create(&acme.schema()));
    assert!(matches!(made, Ok(Creation::Made(_))), "{made:?}");
    assert_eq!(world.tenant_files(), ["tenant_acme.sqlite"]);
}

#[expect(clippy::print_stdout, reason = "it says how often it met which")]
fn a_creation_killed_at_any_moment_is_whole_or_absent() {
    let world = World::new();
    let acme = context(1);
    let provider = world.hasty_provider();
    let mut whole = 0;
    for moment in 0..40 {
        let mut killed = Other::start("create", &world.path, &json(&acme));
        assert_eq!(killed.hear(), "ready");
        killed.say("go");
        // Not to wait for something, but to kill it at another moment each time.
        std::thread::sleep(Duration::from_micros(moment * 250));
        killed.kill();
        match block_on(provider.inspect(&acme.schema())).expect("a look") {
            SchemaState::Missing => {}
            SchemaState::Ours { pending } => {
                assert_eq!(pending, Vec::<String>::new());
                whole += 1;
            }
            SchemaState::Foreign { mark } => panic!("at {moment}: it {mark}"),
        }
        block_on(provider.create(&acme.schema())).expect("what it left is no hindrance");
        let removal = block_on(provider.remove(&acme.schema())).expect("it is there");
        assert_eq!(removal, Removal::Dropped);
        assert_eq!(world.tenant_files(), Vec::<String>::new());
    }
    println!("of 40 killed creations, {whole} had made the whole file");
}

fn another_process_notices_what_became_of_a_file() {
    let world = World::new();
    let [earlier, later] = [1, 2].map(context);
    let provider = world.hasty_provider();
    block_on(provider.create(&earlier.schema())).expect("a new file");
    let mut other = Other::start("enter", &world.path, &json(&earlier));
    assert_eq!(other.hear(), "ready");
    let mut ask = |word: &str| {
        other.say(word);
        other.hear()
    };
    assert_eq!(ask("insert"), "inserted");
    assert_eq!(ask("insert"), "inserted", "over a warm connection");
    assert_eq!(ask("stay"), "inside");
    let removal = block_on(provider.remove(&earlier.schema()));
    assert!(
        matches!(removal, Err(SchemaError::Busy { .. })),
        "{removal:?}"
    );
    assert_eq!(other.hear(), "ready", "it waits inside");
    other.say("leave");
    assert_eq!(other.hear(), "inserted");
    let removal = block_on(provider.remove(&earlier.schema())).expect("it is idle");
    assert_eq!(removal, Removal::Dropped);
    let mut ask = |word: &str| {
        other.say(word);
        other.hear()
    };
    assert_eq!(ask("insert"), "missing");
    block_on(provider.create(&later.schema())).expect("a new file");
    assert_eq!(ask("insert"), "foreign");
    assert_eq!(ask("stay"), "foreign");
    other.kill();
    let removal = block_on(provider.remove(&later.schema())).expect("the dead hold no locks");
    assert_eq!(removal, Removal::Dropped);
}
