//! The map in every order in which it is asked for, doubted and corrected: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::future::{block_on, spawn, yield_now};
use tenantry_interleavings::shuttle::sync::atomic::{AtomicUsize, Ordering};

use super::{Chart, SlotMap};

/// Slot 7 is served by node 0, then by node 1.
#[derive(Default)]
struct Nodes {
    chart: Chart,
    serving: AtomicUsize,
    asked: AtomicUsize,
}

impl Nodes {
    async fn ask(&self) -> Result<SlotMap, Infallible> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut map = SlotMap::default();
        map.learn(7, self.serving.load(Ordering::SeqCst).to_string());
        // The answer is on its way.
        yield_now().await;
        Ok(map)
    }

    async fn node(&self) -> String {
        let found = self.chart.node_of(7, self.ask()).await;
        found.unwrap().unwrap()
    }

    async fn ask_and_believe(&self) -> String {
        let map = self.ask().await.unwrap();
        let mut known = self.chart.known();
        known.map = map;
        known.doubted = None;
        known.map.node_of(7).unwrap().clone()
    }
}

type Answer = Pin<Box<dyn Future<Output = String> + Send>>;
type Ask = fn(Arc<Nodes>) -> Answer;

fn ours(nodes: Arc<Nodes>) -> Answer {
    Box::pin(async move { nodes.node().await })
}

/// Asks out of turn.
fn pushes_in(nodes: Arc<Nodes>) -> Answer {
    Box::pin(async move {
        match nodes.chart.node_without_doubt(7) {
            Some(node) => node,
            None => nodes.ask_and_believe().await,
        }
    })
}

/// Asks in turn, and takes the answer for newer than all that is known.
fn believes_it(nodes: Arc<Nodes>) -> Answer {
    Box::pin(async move {
        let _turn = nodes.chart.asking.lock().await;
        match nodes.chart.node_without_doubt(7) {
            Some(node) => node,
            None => nodes.ask_and_believe().await,
        }
    })
}

fn three_ask(ask: Ask) {
    block_on(async {
        let nodes = Arc::new(Nodes::default());
        let asking = [(); 3].map(|()| spawn(ask(nodes.clone())));
        for one in asking {
            assert_eq!(one.await.unwrap(), "0");
        }
        assert_eq!(nodes.asked.load(Ordering::SeqCst), 1, "asked again");
    });
}

#[test]
fn one_asks_for_all_in_whatever_order_they_come() {
    Exploration::of(3_000).holds(|| three_ask(ours));
}

#[test]
fn who_looks_and_then_asks_is_found_out() {
    let found = Exploration::of(3_000).finds(|| three_ask(pushes_in));
    assert!(found.is_some_and(|text| text.contains("asked again")));
}

/// How somebody hears that the slot is served by another node.
#[derive(Clone, Copy)]
enum Hears {
    Moved,
    Doubt,
}

/// Two ask while the slot moves: who asks after that was heard gets the new node.
fn it_moves_while_two_ask(ask: Ask, hears: Hears) {
    block_on(async {
        let nodes = Arc::new(Nodes::default());
        let asking = [(); 2].map(|()| spawn(ask(nodes.clone())));
        let moving = spawn({
            let nodes = nodes.clone();
            async move {
                yield_now().await;
                nodes.serving.store(1, Ordering::SeqCst);
                match hears {
                    Hears::Moved => nodes.chart.learn(7, "1".to_owned()),
                    Hears::Doubt => nodes.chart.doubt(&"0".to_owned()),
                }
            }
        });
        for one in asking {
            one.await.unwrap();
        }
        moving.await.unwrap();
        assert_eq!(ask(nodes).await, "1", "an outdated answer is kept");
    });
}

#[test]
fn no_answer_undoes_what_was_heard_since_it_was_asked_for_in_whatever_order() {
    for hears in [Hears::Moved, Hears::Doubt] {
        Exploration::of(3_000).holds(move || it_moves_while_two_ask(ours, hears));
    }
}

#[test]
fn who_takes_every_answer_for_the_newest_is_found_out() {
    for hears in [Hears::Moved, Hears::Doubt] {
        let found =
            Exploration::of(3_000).finds(move || it_moves_while_two_ask(believes_it, hears));
        assert!(found.is_some_and(|text| text.contains("outdated")));
    }
}
