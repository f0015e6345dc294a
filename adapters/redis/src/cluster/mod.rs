//! Many nodes, of which each serves some slots. All keys of an owner are in one slot, that of its id.
//!
//! ```text
//!  slot       which slot a key is in
//!  map        which node serves a slot, as it was known last
//!  chart      the map that all share, who asks for another, and what is heard meanwhile
//!  redirect   what a node says that isn't the one to ask
//!  here       the links to the nodes, and the way of a call: node, redirection, node …
//! ```
//!
//! Each node has a [`Link`] with its rules: a call that can't be repeated is never done twice. A redirection says that
//! nothing was done, so that it may be followed with any call, within the one deadline.

mod chart;
mod map;
mod redirect;
mod slot;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use redis::{FromRedisValue, RedisError, Value};
use tenantry::cache::CacheError;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::call::Call;
use crate::error::sorted;
use crate::link::Link;
use crate::sync::{Mutex, MutexGuard};
use crate::{RedisSettings, RedisSettingsError};
use chart::Chart;
use map::{Address, SlotMap};
use redirect::{Redirect, raises_doubt};

/// The nodes of one cluster.
pub(crate) struct Cluster {
    settings: RedisSettings,
    seeds: Vec<Address>,
    round_trip: Duration,
    chart: Chart,
    links: Mutex<Links>,
}

type Links = HashMap<Address, Arc<Link>>;

/// Between two looks at a slot that is on its way.
const PAUSE: Duration = Duration::from_millis(10);

/// So little time is left that another look would end as silence of the node, which it isn't.
const TOO_LITTLE: Duration = Duration::from_millis(50);

/// A node that sends on and on, to one that sends back, is let rest a little.
const REDIRECTIONS_AT_ONCE: u32 = 4;

/// One step of a scan, on one node.
pub(crate) struct NodeStep<T> {
    pub(crate) node: String,
    pub(crate) answer: T,
    /// Another node serves the slot than before, so that the scan has begun anew.
    pub(crate) anew: bool,
}

impl Cluster {
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let cluster = Self {
            settings: settings.clone(),
            seeds: settings.seeds(),
            round_trip: settings.round_trip(),
            chart: Chart::default(),
            links: Mutex::default(),
        };
        for seed in &cluster.seeds {
            cluster.settings.client_of(seed)?;
        }
        Ok(cluster)
    }

    /// Has the node do it that serves the slot of the call's first key.
    pub(crate) async fn call<T: FromRedisValue>(&self, call: &Call) -> Result<T, CacheError> {
        let slot = call.key().map_or(0, slot::slot_of);
        let deadline = Instant::now() + self.round_trip;
        let mut asked_for: Option<Address> = None;
        let mut redirections = 0;
        loop {
            let asking = asked_for.is_some();
            let (node, link) = match asked_for.take() {
                Some(node) => (node.clone(), self.link(&node)?),
                None => self.serving(slot, deadline).await?,
            };
            let answer = if asking {
                link.call_until(deadline, &call.asking()).await
            } else {
                link.call_until(deadline, call).await
            };
            let error = match self.judged(&node, answer)? {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match Redirect::of(&error, &node) {
                Some(Redirect::Moved(node)) => self.chart.learn(slot, node),
                Some(Redirect::Ask(node)) => asked_for = Some(node),
                Some(Redirect::Wait) => pause(deadline, &error).await?,
                None => return Err(sorted(error)),
            }
            redirections += 1;
            if redirections > REDIRECTIONS_AT_ONCE {
                pause(deadline, &error).await?;
            }
        }
    }

    /// Makes a step of a scan on the node that serves this key's slot, all of it. While the slot is on its way from one
    /// node to another, it waits for that; afterwards the scan begins anew on the other, since entries were moved.
    ///
    /// Scans know no slots, and are never redirected: a key that doesn't exist is asked for along with each, and a node
    /// that doesn't serve its slot, or not alone, says so.
    pub(crate) async fn step<T: FromRedisValue>(
        &self,
        nothing: &str,
        mut from: Option<(&str, u64)>,
        scan: impl Fn(u64) -> Call,
    ) -> Result<NodeStep<T>, CacheError> {
        let slot = slot::slot_of(nothing.as_bytes());
        let deadline = Instant::now() + self.round_trip;
        let began = from.is_some();
        loop {
            let (node, link) = self.serving(slot, deadline).await?;
            from = from.filter(|(before, _)| *before == node);
            let cursor = from.map_or(0, |(_, cursor)| cursor);
            let call = scan(cursor).proving(nothing);
            let answer = link.call_until(deadline, &call).await;
            let error = match self.judged(&node, answer)? {
                Ok(answer) => {
                    let anew = began && from.is_none();
                    return Ok(NodeStep { node, answer, anew });
                }
                Err(error) => error,
            };
            from = None;
            match Redirect::of(&error, &node) {
                Some(Redirect::Moved(node)) => self.chart.learn(slot, node),
                Some(Redirect::Ask(_) | Redirect::Wait) => {}
                None => return Err(sorted(error)),
            }
            pause(deadline, &error).await?;
        }
    }

    /// Notes what a node's answer, or its silence, says about who serves what.
    fn judged<T>(
        &self,
        node: &Address,
        answer: Result<Result<T, RedisError>, CacheError>,
    ) -> Result<Result<T, RedisError>, CacheError> {
        let doubtful = match &answer {
            Ok(Ok(_)) => false,
            Ok(Err(error)) => raises_doubt(error),
            Err(_) => true,
        };
        if doubtful {
            self.chart.doubt(node);
        }
        answer
    }

    async fn serving(
        &self,
        slot: u16,
        deadline: Instant,
    ) -> Result<(Address, Arc<Link>), CacheError> {
        let found = self.chart.node_of(slot, self.ask_who_serves_what(deadline));
        let Ok(found) = timeout_at(deadline, found).await else {
            let waited = self.round_trip;
            return Err(CacheError::TimedOut { waited });
        };
        match found? {
            Some(node) => Ok((node.clone(), self.link(&node)?)),
            None => Err(CacheError::Unavailable {
                source: format!("no node of the cluster serves slot {slot}").into(),
            }),
        }
    }

    /// Asks one after another, who was doubted last, and each for half of the time that is left.
    async fn ask_who_serves_what(&self, deadline: Instant) -> Result<SlotMap, CacheError> {
        let mut last = None;
        for node in self.chart.whom_to_ask(&self.seeds) {
            let half = Instant::now() + (deadline - Instant::now()) / 2;
            let call = Call::command("CLUSTER").arg("SLOTS");
            let answer: Result<Value, _> = match self.link(&node)?.call_until(half, &call).await {
                Ok(answer) => answer,
                Err(silence) => {
                    last.get_or_insert(silence);
                    continue;
                }
            };
            match answer.map(|answer| SlotMap::read(answer, &node)) {
                Ok(Some(map)) => {
                    self.forget_links_but(&map.nodes());
                    return Ok(map);
                }
                Ok(None) => {
                    let source = "the node's answer to CLUSTER SLOTS can't be read".into();
                    last = Some(CacheError::Failed { source });
                }
                Err(error) => last = Some(sorted(error)),
            }
        }
        Err(last.unwrap_or_else(|| CacheError::Unavailable {
            source: "no node of the cluster is known".into(),
        }))
    }

    fn forget_links_but(&self, nodes: &[Address]) {
        self.links()
            .retain(|node, _| nodes.contains(node) || self.seeds.contains(node));
    }

    fn link(&self, node: &Address) -> Result<Arc<Link>, CacheError> {
        let mut links = self.links();
        if let Some(link) = links.get(node) {
            return Ok(link.clone());
        }
        let client = self.settings.client_of(node);
        let client = client.map_err(|error| CacheError::Failed {
            source: Box::new(error),
        })?;
        let link = Arc::new(Link::to(client, self.round_trip));
        links.insert(node.clone(), link.clone());
        Ok(link)
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits a little, unless the time is over.
async fn pause(deadline: Instant, why: &RedisError) -> Result<(), CacheError> {
    let until = Instant::now() + PAUSE;
    if until + TOO_LITTLE >= deadline {
        let source = Box::new(why.clone());
        return Err(CacheError::Unavailable { source });
    }
    sleep_until(until).await;
    Ok(())
}
