//! The pool in every order in which scopes come and go: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::DateTime;
use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use futures_lite::future::block_on;
use tenantry::ports::{SchemaProvider, ScopeError, ScopeMode};
use tenantry::{SchemaName, Slug, TenantId, TenantSchema};
use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use tenantry_interleavings::shuttle::thread;

use super::Files;
use super::future::Fate;
use crate::connection::Owner;
use crate::scope::{Enter, Lease};
use crate::{SqliteConfig, SqliteSchemaProvider, SqliteStore, TenantConnection};

struct Nothing;

impl MigrationSource<Sqlite> for Nothing {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(Vec::new())
    }
}

/// Two tenants' files, in a folder that goes with the first value.
struct Shop {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    tenants: [TenantSchema; 2],
}

impl Shop {
    fn open() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteConfig::new(folder.path().join("shop"))).unwrap();
        let schemas = SqliteSchemaProvider::new(&store, Nothing);
        let tenants = ["acme", "bolt"].map(|slug| {
            let tenant = TenantSchema {
                tenant: TenantId::from_parts(DateTime::UNIX_EPOCH, [slug.as_bytes()[0]; 10]),
                name: SchemaName::of(&Slug::new(slug).unwrap()),
            };
            block_on(schemas.create(&tenant)).unwrap();
            tenant
        });
        Arc::new(Self {
            _folder: folder,
            store,
            tenants,
        })
    }

    fn enter(&self, files: &Arc<Files>, tenant: usize) -> Result<InTenant, ScopeError> {
        let enter = Enter {
            owner: Owner::Tenant(self.tenants[tenant]),
            mode: ScopeMode::Session,
        };
        // Shuttle's threads are one of the system's, to which scopes belong.
        Lease::enter_apart(files, enter)
    }
}

type InTenant = Lease<TenantConnection>;

const SIZE: u32 = 2;
const PER_TENANT: u32 = 1;

/// Scopes of two tenants in three threads, of which some end well, and some break off.
fn scopes_come_and_go(shop: &Arc<Shop>) {
    let files = Arc::new(Files::new(shop.store.clone(), SIZE, PER_TENANT));
    let inside = Arc::new([(); 2].map(|()| AtomicU32::new(0)));
    let threads = [0, 0, 1].map(|tenant| {
        let (shop, files, inside) = (shop.clone(), files.clone(), inside.clone());
        thread::spawn(move || {
            for ends_well in [true, false] {
                let scope = match shop.enter(&files, tenant) {
                    Ok(scope) => scope,
                    Err(ScopeError::PoolExhausted { .. } | ScopeError::TenantLimit { .. }) => {
                        continue;
                    }
                    Err(error) => panic!("{error}"),
                };
                let of_tenant = inside[tenant].fetch_add(1, Ordering::SeqCst) + 1;
                assert!(of_tenant <= PER_TENANT, "too many of one tenant");
                inside[tenant].fetch_sub(1, Ordering::SeqCst);
                if ends_well {
                    scope.finish(|| true).unwrap();
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    let left = files.statistics();
    assert_eq!(left.in_use, 0, "a connection counts that nobody has");
    assert!(left.idle <= SIZE, "more connections than there may be");
    let both = [0, 1].map(|tenant| shop.enter(&files, tenant).unwrap());
    assert_eq!(files.statistics().in_use, SIZE);
    drop(both);
}

#[test]
fn everybody_gets_in_within_the_limits_in_whatever_order() {
    let shop = Shop::open();
    Exploration::of(400).holds(move || scopes_come_and_go(&shop));
}

#[test]
fn who_gives_up_waiting_leaves_the_limits_right_in_whatever_order() {
    let shop = Shop::open();
    Exploration::of(400)
        .with_timeouts()
        .holds(move || scopes_come_and_go(&shop));
}

#[test]
fn a_wakeup_that_is_lost_is_found_out() {
    let shop = Shop::open();
    let lost = Exploration::of(400).losing_wakeups();
    let found = lost.finds(move || scopes_come_and_go(&shop));
    assert!(found.is_some_and(|text| text.contains("deadlock")));
}

#[test]
fn work_is_committed_or_cancelled_and_never_both_in_whatever_order() {
    Exploration::of(500).holds(|| {
        let fate = Fate::default();
        let other = fate.clone();
        let cancelling = thread::spawn(move || other.cancel());
        let commits = fate.may_commit();
        assert_ne!(commits, cancelling.join().unwrap());
    });
}

#[test]
fn looking_before_deciding_is_found_out() {
    let naive = || {
        let fate = Arc::new(AtomicU8::new(0));
        let decide = |fate: &AtomicU8, wanted| {
            let is_open = fate.load(Ordering::SeqCst) == 0;
            if is_open {
                fate.store(wanted, Ordering::SeqCst);
            }
            is_open
        };
        let other = fate.clone();
        let cancelling = thread::spawn(move || decide(&other, 2));
        let commits = decide(&fate, 1);
        assert_ne!(commits, cancelling.join().unwrap());
    };
    assert!(Exploration::of(500).finds(naive).is_some());
}
