use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::map::{Address, SlotMap};
use crate::sync::{AsyncMutex, Mutex, MutexGuard};

#[cfg(all(test, shuttle))]
mod interleavings;

/// The map that all calls share, who asks for another, and what was heard meanwhile.
#[derive(Default)]
pub(super) struct Chart {
    known: Mutex<Known>,
    asking: AsyncMutex<()>,
}

#[derive(Default)]
struct Known {
    map: SlotMap,
    /// The node that gave cause to ask anew which node serves what.
    doubted: Option<Address>,
    doubts: u64,
    /// What was learnt of single slots since somebody asked last: the answer may be older.
    learnt: BTreeMap<u16, Address>,
}

impl Chart {
    /// The node that serves the slot, of the map that `ask` brings if there is none without doubt: one asks for all.
    pub(super) async fn node_of<E>(
        &self,
        slot: u16,
        ask: impl Future<Output = Result<SlotMap, E>>,
    ) -> Result<Option<Address>, E> {
        if let Some(node) = self.node_without_doubt(slot) {
            return Ok(Some(node));
        }
        let _turn = self.asking.lock().await;
        if self.node_without_doubt(slot).is_none() {
            let doubts = self.begin_to_ask();
            let map = ask.await?;
            self.adopt(map, doubts);
        }
        Ok(self.known().map.node_of(slot).cloned())
    }

    /// Notes that this slot is served by another node than was known.
    pub(super) fn learn(&self, slot: u16, node: Address) {
        let mut known = self.known();
        known.learnt.insert(slot, node.clone());
        known.map.learn(slot, node);
    }

    /// Notes that another node may have taken this one's place.
    pub(super) fn doubt(&self, node: &Address) {
        let mut known = self.known();
        known.doubted = Some(node.clone());
        known.doubts += 1;
    }

    /// All nodes, those of the map first, and last of all the one that is doubted.
    pub(super) fn whom_to_ask(&self, seeds: &[Address]) -> Vec<Address> {
        let known = self.known();
        let mut nodes = known.map.nodes();
        let others = seeds.iter().filter(|seed| !nodes.contains(seed));
        let others: Vec<_> = others.cloned().collect();
        nodes.extend(others);
        nodes.sort_by_key(|node| known.doubted.as_ref() == Some(node));
        nodes
    }

    fn node_without_doubt(&self, slot: u16) -> Option<Address> {
        let known = self.known();
        match known.doubted {
            None => known.map.node_of(slot).cloned(),
            Some(_) => None,
        }
    }

    fn begin_to_ask(&self) -> u64 {
        let mut known = self.known();
        known.learnt.clear();
        known.doubts
    }

    /// Takes a map for the one that is known, without undoing what was learnt or doubted since it was asked for.
    fn adopt(&self, map: SlotMap, doubts: u64) {
        let mut known = self.known();
        known.map = map;
        for (slot, node) in std::mem::take(&mut known.learnt) {
            known.map.learn(slot, node);
        }
        if known.doubts == doubts {
            known.doubted = None;
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
