use std::convert::Infallible;
use std::thread;
use std::time::{Duration, Instant};

use async_channel::Sender;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use tenantry::BoxError;
use tenantry::ports::ChangeSignal;

use super::feed::Told;
use crate::SqliteStore;
use crate::connection::{Identity, establish};
use crate::error::Classified;
use crate::uri::Access;

/// How often the file is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How often the reader is told that nothing was missed, at least.
const ROUND: Duration = Duration::from_millis(250);

/// What the thread of a feed does.
pub(super) struct Watch {
    store: SqliteStore,
    telling: Sender<Told>,
}

/// Nobody reads any more.
pub(super) struct Unread;

enum Ended {
    Unread,
    Cut,
}

impl From<Unread> for Ended {
    fn from(_: Unread) -> Self {
        Self::Unread
    }
}

impl From<Classified> for Ended {
    fn from(_: Classified) -> Self {
        Self::Cut
    }
}

/// A connection to the shared file, and what of it has been told.
struct Line {
    connection: SqliteConnection,
    identity: Identity,
    data_version: i64,
    told: i64,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

#[derive(QueryableByName)]
struct Bounds {
    #[diesel(sql_type = Nullable<BigInt>)]
    first: Option<i64>,
    #[diesel(sql_type = BigInt)]
    last: i64,
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = Text)]
    tenant_id: String,
}

impl Watch {
    pub(super) fn new(store: SqliteStore, telling: Sender<Told>) -> Self {
        Self { store, telling }
    }

    /// One line after another, until nobody reads: that is noticed within a [`ROUND`].
    pub(super) fn run(&self) -> Result<Infallible, Unread> {
        loop {
            if let Ok(mut line) = Line::open(&self.store) {
                self.tell(ChangeSignal::Connected)?;
                match self.listen(&mut line) {
                    Ok(never) => match never {},
                    Err(Ended::Unread) => return Err(Unread),
                    Err(Ended::Cut) => {}
                }
            }
            self.tell(ChangeSignal::Cut)?;
            thread::sleep(ROUND);
        }
    }

    fn listen(&self, line: &mut Line) -> Result<Infallible, Ended> {
        let mut last_round: Option<Instant> = None;
        loop {
            let begun = Instant::now();
            let news = line.news(&self.store)?;
            let rested = last_round.is_some_and(|last| last.elapsed() < ROUND);
            if !rested || !news.is_empty() {
                for signal in news {
                    self.tell(signal)?;
                }
                self.send(Told::UpTo(begun))?;
                last_round = Some(begun);
            }
            thread::sleep(GLANCE);
        }
    }

    fn tell(&self, signal: ChangeSignal) -> Result<(), Unread> {
        self.send(Told::Signal(signal))
    }

    /// Waits while the reader is far behind.
    fn send(&self, told: Told) -> Result<(), Unread> {
        self.telling.send_blocking(told).map_err(|_| Unread)
    }
}

impl Line {
    fn open(store: &SqliteStore) -> Result<Self, Classified> {
        let path = store.shared_path();
        let identity = identity(store)?;
        let mut connection = establish(&path, Access::ReadWrite, store.config().lock_timeout)?;
        connection.batch_execute("PRAGMA query_only = ON")?;
        let data_version = data_version(&mut connection)?;
        let told = bounds(&mut connection)?.last;
        Ok(Self {
            connection,
            identity,
            data_version,
            told,
        })
    }

    /// What was committed since it was asked last.
    fn news(&mut self, store: &SqliteStore) -> Result<Vec<ChangeSignal>, Classified> {
        if !identity(store)?.is(self.identity) {
            let replaced: BoxError = "another file is in the shared file's place".into();
            return Err(replaced.into());
        }
        // Asked before the table is read: what is committed in between is read now, and looked for again.
        let data_version = data_version(&mut self.connection)?;
        if data_version == self.data_version {
            return Ok(Vec::new());
        }
        let Bounds { first, last } = bounds(&mut self.connection)?;
        let forgotten = first.is_some_and(|first| first > self.told + 1) || last < self.told;
        let news = if forgotten {
            vec![ChangeSignal::Everything]
        } else {
            self.changed(last)?
        };
        self.told = last;
        self.data_version = data_version;
        Ok(news)
    }

    fn changed(&mut self, last: i64) -> Result<Vec<ChangeSignal>, Classified> {
        let rows: Vec<Changed> = sql_query(
            "SELECT DISTINCT tenant_id FROM tenantry_tenant_changes WHERE number > ? AND number <= ?",
        )
        .bind::<BigInt, _>(self.told)
        .bind::<BigInt, _>(last)
        .load(&mut self.connection)?;
        let signal = |row: Changed| match row.tenant_id.parse() {
            Ok(id) => ChangeSignal::Tenant(id),
            Err(_) => ChangeSignal::Everything,
        };
        Ok(rows.into_iter().map(signal).collect())
    }
}

fn identity(store: &SqliteStore) -> Result<Identity, Classified> {
    let missing = || BoxError::from("the shared file is missing");
    Ok(Identity::of(&store.shared_path())?.ok_or_else(missing)?)
}

/// Another number after every commit of another connection, in this process or any other.
fn data_version(connection: &mut SqliteConnection) -> Result<i64, Classified> {
    let row: DataVersion = sql_query("PRAGMA data_version").get_result(connection)?;
    Ok(row.data_version)
}

/// The first number that is kept, and the last that was given, also if its row is forgotten.
fn bounds(connection: &mut SqliteConnection) -> Result<Bounds, Classified> {
    let bounds = sql_query(
        "SELECT (SELECT min(number) FROM tenantry_tenant_changes) AS first, \
         coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tenantry_tenant_changes'), 0) AS last",
    );
    Ok(bounds.get_result(connection)?)
}
