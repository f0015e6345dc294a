use std::collections::BTreeMap;
use std::fmt;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// What a pool says of itself. What it doesn't count stays 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolFigures {
    /// How many connections are open, or being opened.
    pub size: u32,
    /// Those that nobody uses.
    pub idle: u32,
    /// Those that somebody uses.
    pub in_use: u32,
    /// How many wait for one.
    pub waiting: u32,
    /// How many were opened since the process began.
    pub opened: u64,
    /// How many were closed since they were broken, couldn't be cleaned, or were too old.
    pub closed: u64,
}

type Ask = Box<dyn Fn() -> PoolFigures + Send + Sync>;

/// The pools that are asked when the metrics are.
#[derive(Default)]
pub(crate) struct Pools(Mutex<BTreeMap<&'static str, Ask>>);

impl Pools {
    pub(crate) fn add(&self, name: &'static str, ask: Ask) {
        self.0.lock().insert(name, ask);
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools = self.0.lock();
        if pools.is_empty() {
            return Ok(());
        }
        let figures: Vec<_> = pools.iter().map(|(name, ask)| (*name, ask())).collect();
        drop(pools);
        let mut gauges = encoder.encode_descriptor(
            "pool_connections",
            "Connections by what they do",
            None,
            MetricType::Gauge,
        )?;
        for (pool, figures) in &figures {
            let PoolFigures { idle, in_use, .. } = *figures;
            let others = figures.size.saturating_sub(idle.saturating_add(in_use));
            for (state, count) in [("idle", idle), ("in_use", in_use), ("other", others)] {
                let labels = [("pool", *pool), ("state", state)];
                ConstGauge::new(i64::from(count)).encode(gauges.encode_family(&labels)?)?;
            }
        }
        let mut gauges = encoder.encode_descriptor(
            "pool_waiting",
            "Scopes that wait for a connection",
            None,
            MetricType::Gauge,
        )?;
        for (pool, figures) in &figures {
            let waiting = ConstGauge::new(i64::from(figures.waiting));
            waiting.encode(gauges.encode_family(&[("pool", *pool)])?)?;
        }
        for (name, help) in [
            ("pool_opened", "Connections that were opened"),
            ("pool_closed", "Connections that were closed"),
        ] {
            let mut counters = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (pool, figures) in &figures {
                let count = match name {
                    "pool_opened" => figures.opened,
                    _ => figures.closed,
                };
                let counter = ConstCounter::new(count);
                counter.encode(counters.encode_family(&[("pool", *pool)])?)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.lock().keys()).finish()
    }
}
