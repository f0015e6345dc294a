use std::collections::BTreeSet;
use std::fmt;

use redis::{FromRedisValue, Script};
use tenantry::cache::{CacheError, CacheOwner, ScanStep, SpentBudget, WriteOptions};

use crate::call::Call;
use crate::cluster::Cluster;
use crate::link::Link;
use crate::names::{OwnerKeys, beginning_with};
use crate::position::{Position, Step};
use crate::scripts;
use crate::{RedisSettings, RedisSettingsError};

/// The cache port on a Redis server or cluster, over one connection to each node that all calls share.
///
/// It connects with the first call, and again after the connection is lost: a call that can be repeated is, once,
/// within its deadline.
pub struct RedisCache {
    server: Server,
}

enum Server {
    One(Box<Link>),
    Cluster(Box<Cluster>),
}

impl RedisCache {
    /// A cache on this server or cluster, without asking it anything.
    ///
    /// # Errors
    /// [`RedisSettingsError::Unsupported`].
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let server = if settings.is_cluster() {
            Server::Cluster(Box::new(Cluster::new(settings)?))
        } else {
            Server::One(Box::new(Link::new(settings)?))
        };
        Ok(Self { server })
    }

    /// Asks the server, or one node of the cluster, for a sign of life.
    ///
    /// # Errors
    /// What kept it from answering.
    pub async fn ping(&self) -> Result<(), CacheError> {
        self.ask(Call::command("PING")).await
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, call: Call) -> Result<T, CacheError> {
        self.send(&call).await
    }

    async fn send<T: FromRedisValue>(&self, call: &Call) -> Result<T, CacheError> {
        match &self.server {
            Server::One(link) => link.call(call).await,
            Server::Cluster(cluster) => cluster.call(call).await,
        }
    }

    /// Has a script write, again as long as it makes room by striking out what is gone.
    pub(crate) async fn write<T: FromRedisValue + AsRef<str>>(
        &self,
        call: Call,
        owner: CacheOwner,
        options: WriteOptions,
    ) -> Result<T, CacheError> {
        loop {
            let answer: T = self.send(&call).await?;
            let budget = options.budget.unwrap_or_default();
            let spent = match answer.as_ref() {
                "again" => continue,
                "keys" => SpentBudget::Keys(budget.keys.unwrap_or_default()),
                "bytes" => SpentBudget::Bytes(budget.bytes.unwrap_or_default()),
                _ => return Ok(answer),
            };
            return Err(CacheError::BudgetSpent { owner, spent });
        }
    }

    /// One step through the owner's stored keys that begin so.
    pub(crate) async fn step(
        &self,
        owner: CacheOwner,
        start: &str,
        from: &Position,
        step: ScanStep,
    ) -> Result<Step, CacheError> {
        let scan = |cursor: u64| {
            Call::command("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(beginning_with(start))
                .arg("COUNT")
                .arg(step.entries())
        };
        let (node, anew, (next, found)): (_, _, (u64, Vec<Vec<u8>>)) = match &self.server {
            Server::One(link) => (None, false, link.call(&scan(from.cursor)).await?),
            Server::Cluster(cluster) => {
                let begun = from.node.as_deref().map(|node| (node, from.cursor));
                let nothing = OwnerKeys::of(owner).nothing();
                let step = cluster.step(&nothing, begun, scan).await?;
                (Some(step.node), step.anew, step.answer)
            }
        };
        // A key that isn't UTF-8 is none of ours.
        let found = found
            .into_iter()
            .filter_map(|key| String::from_utf8(key).ok())
            .filter(|key| key.starts_with(start));
        Ok(Step {
            found: found.collect(),
            next: (next != 0).then_some(Position { node, cursor: next }),
            anew,
        })
    }

    pub(crate) async fn delete_stored(
        &self,
        owner: CacheOwner,
        keys: &[&str],
    ) -> Result<u64, CacheError> {
        let call = with_books(&scripts::DELETE, owner, keys.iter().copied());
        self.ask(call.once()).await
    }

    pub(crate) async fn begin_generations(&self, owner: CacheOwner) -> Result<(), CacheError> {
        let call = with_books(&scripts::FLUSH, owner, [])
            .arg(new_generation())
            .arg(GENERATION_LIFETIME);
        self.ask(call).await
    }

    /// What was found in steps, without what was found again.
    pub(crate) async fn sizes(
        &self,
        found: Vec<String>,
        seen: &mut BTreeSet<String>,
    ) -> Result<Vec<u64>, CacheError> {
        let new: Vec<_> = found
            .into_iter()
            .filter(|key| seen.insert(key.clone()))
            .collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> = new.iter().map(String::as_str).collect();
        self.ask(Call::script(&scripts::SIZES, &keys)).await
    }
}

/// Longer than any computation that still means something when it is done.
pub(crate) const GENERATION_LIFETIME: u64 = 7 * 24 * 3_600_000;

/// A name that no other generation has.
pub(crate) fn new_generation() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A call of a script that takes the owner's books and then these entries.
pub(crate) fn with_books<'a>(
    script: &'static Script,
    owner: CacheOwner,
    entries: impl IntoIterator<Item = &'a str>,
) -> Call {
    let books = OwnerKeys::of(owner).books();
    let mut keys: Vec<&str> = books.iter().map(String::as_str).collect();
    for entry in entries {
        keys.push(entry);
    }
    Call::script(script, &keys)
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache").finish_non_exhaustive()
    }
}
