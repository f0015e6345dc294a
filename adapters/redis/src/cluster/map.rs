use std::collections::BTreeMap;

use redis::Value;

use super::slot::SLOTS;

/// Where a node is: its host, and its port after the last colon.
pub(super) type Address = String;

/// Which node serves which slots, as somebody knew it last.
#[derive(Debug, Default)]
pub(super) struct SlotMap {
    /// By the first slot of each range.
    ranges: BTreeMap<u16, Range>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    last: u16,
    node: Address,
}

impl SlotMap {
    /// Reads what `CLUSTER SLOTS` answered. A node that doesn't say where it is, is where it was asked.
    pub(super) fn read(answer: Value, asked_at: &str) -> Option<Self> {
        let Value::Array(ranges) = answer else {
            return None;
        };
        let ranges = ranges
            .into_iter()
            .map(|range| read_range(range, asked_at))
            .collect::<Option<_>>()?;
        Some(Self { ranges })
    }

    pub(super) fn node_of(&self, slot: u16) -> Option<&Address> {
        let (_, range) = self.ranges.range(..=slot).next_back()?;
        (slot <= range.last).then_some(&range.node)
    }

    /// Every node once, in the order of their slots.
    pub(super) fn nodes(&self) -> Vec<Address> {
        let mut nodes = Vec::new();
        for Range { node, .. } in self.ranges.values() {
            if !nodes.contains(node) {
                nodes.push(node.clone());
            }
        }
        nodes
    }

    /// Notes that this slot is served by another node than was known.
    pub(super) fn learn(&mut self, slot: u16, node: Address) {
        let around = self.ranges.range(..=slot).next_back();
        if let Some((&first, range)) = around.map(|(first, range)| (first, range.clone()))
            && slot <= range.last
        {
            if first < slot {
                let last = slot - 1;
                let node = range.node.clone();
                self.ranges.insert(first, Range { last, node });
            }
            if slot < range.last {
                self.ranges.insert(slot + 1, range);
            }
        }
        self.ranges.insert(slot, Range { last: slot, node });
    }
}

/// `host:port`; a host that isn't said is that of the node that was asked.
pub(super) fn address(host: &str, port: u16, asked_at: &str) -> Address {
    let asked_host = asked_at.rsplit_once(':').map_or(asked_at, |(host, _)| host);
    let host = if matches!(host, "" | "?") {
        asked_host
    } else {
        host
    };
    format!("{host}:{port}")
}

/// First slot, last slot, and the nodes, of which the first is the one that takes writes.
fn read_range(range: Value, asked_at: &str) -> Option<(u16, Range)> {
    let Value::Array(parts) = range else {
        return None;
    };
    let mut parts = parts.into_iter();
    let (first, last) = (number(&parts.next()?)?, number(&parts.next()?)?);
    let Value::Array(node) = parts.next()? else {
        return None;
    };
    let host = match node.first()? {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::Nil => "",
        _ => return None,
    };
    let node = address(host, number(node.get(1)?)?, asked_at);
    (first <= last && last < SLOTS).then_some((first, Range { last, node }))
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let node = [host, Value::Int(port), Value::BulkString(b"id".to_vec())];
        let replica = [Value::BulkString(b"10.0.0.9".to_vec()), Value::Int(1)];
        let (node, replica) = (Value::Array(node.into()), Value::Array(replica.into()));
        Value::Array(vec![Value::Int(first), Value::Int(last), node, replica])
    }

    fn host(name: &str) -> Value {
        Value::BulkString(name.as_bytes().to_vec())
    }

    fn map() -> SlotMap {
        let answer = Value::Array(vec![
            range(0, 99, host("10.0.0.1"), 7000),
            range(100, 199, Value::Nil, 7001),
            range(300, 16_383, host("10.0.0.1"), 7000),
        ]);
        SlotMap::read(answer, "cache.internal:6379").unwrap()
    }

    #[test]
    fn a_slot_is_served_by_the_node_of_its_range_and_a_gap_by_nobody() {
        let map = map();
        let node = |slot| map.node_of(slot).map(String::as_str);
        for slot in [0, 99, 300, 16_383] {
            assert_eq!(node(slot), Some("10.0.0.1:7000"), "{slot}");
        }
        assert_eq!(node(100), Some("cache.internal:7001"), "where it was asked");
        assert_eq!([node(200), node(299)], [None, None]);
        assert_eq!(map.nodes(), ["10.0.0.1:7000", "cache.internal:7001"]);
    }

    #[test]
    fn a_slot_that_moved_leaves_its_neighbours_where_they_were() {
        for moved in [0, 50, 99, 250, 300, 16_383] {
            let (before, mut after) = (map(), map());
            after.learn(moved, "new:1".to_owned());
            for slot in 0..SLOTS {
                let expected = if slot == moved {
                    Some("new:1")
                } else {
                    before.node_of(slot).map(String::as_str)
                };
                assert_eq!(after.node_of(slot).map(String::as_str), expected, "{slot}");
            }
        }
    }

    #[test]
    fn what_is_no_map_is_refused() {
        for answer in [
            Value::Nil,
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![range(5, 4, host("a"), 1)]),
            Value::Array(vec![range(0, 16_384, host("a"), 1)]),
            Value::Array(vec![range(0, 1, host("a"), 65_536)]),
            Value::Array(vec![range(0, 1, Value::Int(1), 1)]),
        ] {
            assert!(SlotMap::read(answer.clone(), "a:1").is_none(), "{answer:?}");
        }
    }
}
