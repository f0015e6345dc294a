use std::thread;
use std::time::{Duration, Instant};

use super::{Redis, ServerError};

/// A cluster of Redis servers of our own, on the loopback, gone with its owner.
#[derive(Debug)]
pub struct RedisCluster {
    masters: Vec<Redis>,
    replica: Option<Redis>,
}

const SLOTS: usize = 16_384;
const PATIENCE: Duration = Duration::from_secs(30);

impl RedisCluster {
    /// Starts three masters, in some three seconds: a master of Redis waits two before it serves its slots.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn start() -> Result<Self, ServerError> {
        Self::of_three(&[])
    }

    /// The same with a replica of the first, which takes its place when it is gone for a second.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn start_with_replica() -> Result<Self, ServerError> {
        let settings = [
            ("cluster-node-timeout", "1000"),
            ("repl-diskless-sync-delay", "0"),
        ];
        let mut cluster = Self::of_three(&settings)?;
        let replica = node(&settings)?;
        meet(&cluster.masters[0], &replica)?;
        let id = cluster.id(0)?;
        until("the replica knows its master", || {
            Ok(replica.run(&["cluster", "replicate", &id]).is_ok())
        })?;
        until("the replica is up to date", || {
            Ok(replica
                .run(&["info", "replication"])?
                .contains("master_link_status:up"))
        })?;
        let second = &cluster.masters[1];
        until("the others know the replica", || {
            Ok(second.run(&["cluster", "nodes"])?.contains("slave"))
        })?;
        cluster.replica = Some(replica);
        Ok(cluster)
    }

    fn of_three(settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let masters: Vec<_> = (0..3).map(|_| node(settings)).collect::<Result<_, _>>()?;
        for (number, master) in masters.iter().enumerate() {
            // Redis 6 knows no ranges of slots.
            let slots = (number * SLOTS / 3..(number + 1) * SLOTS / 3).map(|slot| slot.to_string());
            let slots: Vec<_> = slots.collect();
            let mut take = vec!["cluster", "addslots"];
            take.extend(slots.iter().map(String::as_str));
            master.run(&take)?;
            master.run(&["cluster", "set-config-epoch", &(number + 1).to_string()])?;
        }
        for other in &masters[1..] {
            meet(&masters[0], other)?;
        }
        let cluster = Self {
            masters,
            replica: None,
        };
        cluster.wait_until_it_serves()?;
        Ok(cluster)
    }

    /// The servers that were started as masters, in the order of their slots.
    pub fn masters(&self) -> &[Redis] {
        &self.masters
    }

    /// The replica of the first, if there is one.
    pub fn replica(&self) -> Option<&Redis> {
        self.replica.as_ref()
    }

    /// Where the masters are.
    pub fn urls(&self) -> Vec<String> {
        self.masters.iter().map(Redis::url).collect()
    }

    /// Waits until every node of it knows all the others, and serves.
    ///
    /// # Errors
    /// [`ServerError::Failed`] after half a minute.
    pub fn wait_until_it_serves(&self) -> Result<(), ServerError> {
        until("the cluster serves", || {
            for master in &self.masters {
                let state = master.run(&["cluster", "info"])?;
                let knows_all = state.contains(&format!("cluster_size:{}", self.masters.len()));
                if !(state.contains("cluster_state:ok") && knows_all) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Deletes everything.
    ///
    /// # Errors
    /// What a node said.
    pub fn clear(&self) -> Result<(), ServerError> {
        self.masters
            .iter()
            .try_for_each(|master| master.run(&["flushall"]).map(drop))
    }

    /// The slot of a key, and the number of the master that has it.
    ///
    /// # Errors
    /// What a node said.
    pub fn slot_of(&self, key: &str) -> Result<(usize, usize), ServerError> {
        let slot = self.masters[0].run(&["cluster", "keyslot", key])?;
        let slot = slot.parse().unwrap_or(SLOTS);
        let master = (0..self.masters.len()).find(|master| slot < (master + 1) * SLOTS / 3);
        Ok((slot, master.unwrap_or_default()))
    }

    /// Begins to move a slot from one master to another: from now on, new entries are made there.
    ///
    /// # Errors
    /// What a node said.
    pub fn begin_moving(&self, slot: usize, from: usize, to: usize) -> Result<(), ServerError> {
        let (slot, [source, target]) = (slot.to_string(), [self.id(from)?, self.id(to)?]);
        self.masters[to].run(&["cluster", "setslot", &slot, "importing", &source])?;
        self.masters[from].run(&["cluster", "setslot", &slot, "migrating", &target])?;
        Ok(())
    }

    /// Moves so many entries of the slot at most, and says how many it moved.
    ///
    /// # Errors
    /// What a node said.
    pub fn move_some(
        &self,
        slot: usize,
        from: usize,
        to: usize,
        count: usize,
    ) -> Result<usize, ServerError> {
        let (slot, count) = (slot.to_string(), count.to_string());
        let keys = self.masters[from].run(&["cluster", "getkeysinslot", &slot, &count])?;
        let keys: Vec<_> = keys.lines().collect();
        if keys.is_empty() {
            return Ok(0);
        }
        let port = self.masters[to].port().to_string();
        let mut migrate = vec!["migrate", "127.0.0.1", &port, "", "0", "5000", "keys"];
        migrate.extend(&keys);
        self.masters[from].run(&migrate)?;
        Ok(keys.len())
    }

    /// Moves what is left of the slot, and makes the move known.
    ///
    /// # Errors
    /// What a node said.
    pub fn end_moving(&self, slot: usize, from: usize, to: usize) -> Result<(), ServerError> {
        while self.move_some(slot, from, to, 1_000)? > 0 {}
        let (slot, target) = (slot.to_string(), self.id(to)?);
        for master in [to, from] {
            self.masters[master].run(&["cluster", "setslot", &slot, "node", &target])?;
        }
        Ok(())
    }

    fn id(&self, master: usize) -> Result<String, ServerError> {
        self.masters[master].run(&["cluster", "myid"])
    }
}

fn node(settings: &[(&str, &str)]) -> Result<Redis, ServerError> {
    let builder = Redis::builder().setting("cluster-enabled", "yes");
    let builder = settings.iter().fold(builder, |builder, (name, value)| {
        builder.setting(name, value)
    });
    builder.start()
}

fn meet(known: &Redis, new: &Redis) -> Result<(), ServerError> {
    known
        .run(&["cluster", "meet", "127.0.0.1", &new.port().to_string()])
        .map(drop)
}

fn until(what: &str, holds: impl Fn() -> Result<bool, ServerError>) -> Result<(), ServerError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match holds() {
            Ok(true) => return Ok(()),
            outcome if Instant::now() > deadline => {
                outcome?;
                return Err(ServerError::Failed {
                    server: "Redis",
                    action: format!("wait until {what}"),
                    log: "it took too long".into(),
                });
            }
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}
