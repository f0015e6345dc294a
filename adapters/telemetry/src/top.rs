use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use tenantry::TenantId;

/// How many tenants are watched for each that is chosen.
const WATCHED: usize = 8;

/// Which tenants are the busiest lately, within a fixed size, by the "space saving" algorithm: whoever isn't watched takes the
/// place of the least busy one that is, and its count too. So a tenant with more than its share is never missed, however
/// many others come once.
#[derive(Debug)]
pub(crate) struct Top {
    most: usize,
    watched: HashMap<TenantId, Seen>,
    decided_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    /// How much of the count may be others'.
    inherited: u64,
    chosen: bool,
}

impl Seen {
    fn own(self) -> u64 {
        self.count - self.inherited
    }
}

/// What [`Top::see`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whether the tenant is among the chosen.
    pub(crate) chosen: bool,
    /// Those that no longer are.
    pub(crate) dropped: Vec<TenantId>,
}

impl Top {
    /// How often it is decided anew which tenants are the busiest.
    pub(crate) const ROUND: Duration = Duration::from_mins(1);

    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            watched: HashMap::new(),
            decided_at: None,
        }
    }

    /// Something of that tenant happened.
    pub(crate) fn see(&mut self, tenant: TenantId, now: Instant) -> Place {
        let began = *self.decided_at.get_or_insert(now);
        let dropped = if now.saturating_duration_since(began) >= Self::ROUND {
            self.decided_at = Some(now);
            self.decide()
        } else {
            Vec::new()
        };
        self.count(tenant);
        Place {
            chosen: self.is_chosen(tenant),
            dropped,
        }
    }

    fn count(&mut self, tenant: TenantId) {
        let chosen = self.watched.values().filter(|seen| seen.chosen).count();
        let is_full = self.watched.len() >= self.most * WATCHED;
        let inherited = match self.watched.entry(tenant) {
            Entry::Occupied(mut seen) => {
                seen.get_mut().count += 1;
                return;
            }
            Entry::Vacant(_) if is_full => self.make_room(),
            Entry::Vacant(_) => 0,
        };
        let seen = Seen {
            count: inherited + 1,
            inherited,
            chosen: chosen < self.most,
        };
        self.watched.insert(tenant, seen);
    }

    /// Forgets the least busy tenant that isn't chosen, and says how busy it was.
    fn make_room(&mut self) -> u64 {
        let unchosen = self.watched.iter().filter(|(_, seen)| !seen.chosen);
        let least = unchosen.min_by_key(|(tenant, seen)| (seen.count, **tenant));
        let Some((tenant, count)) = least.map(|(tenant, seen)| (*tenant, seen.count)) else {
            return 0;
        };
        self.watched.remove(&tenant);
        count
    }

    /// Chooses by what was seen lately: each round counts half as much as the one after.
    fn decide(&mut self) -> Vec<TenantId> {
        let mut ranked: Vec<_> = self
            .watched
            .iter()
            .map(|(tenant, seen)| (std::cmp::Reverse((seen.own(), seen.chosen)), *tenant))
            .collect();
        ranked.sort_unstable();
        let mut dropped = Vec::new();
        for (place, (_, tenant)) in ranked.into_iter().enumerate() {
            let Some(seen) = self.watched.get_mut(&tenant) else {
                continue;
            };
            let chosen = place < self.most && seen.own() > 0;
            if seen.chosen && !chosen {
                dropped.push(tenant);
            }
            let own = seen.own() / 2;
            *seen = Seen {
                count: own,
                inherited: 0,
                chosen,
            };
        }
        self.watched.retain(|_, seen| seen.chosen || seen.count > 0);
        dropped
    }

    fn is_chosen(&self, tenant: TenantId) -> bool {
        self.watched.get(&tenant).is_some_and(|seen| seen.chosen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn tenant(number: u32) -> TenantId {
        let mut tail = [0; 10];
        tail[6..].copy_from_slice(&number.to_be_bytes());
        TenantId::from_parts(DateTime::UNIX_EPOCH, tail)
    }

    #[test]
    fn the_first_tenants_are_chosen_at_once_and_the_busiest_after_a_round() {
        let (mut top, began) = (Top::new(2), Instant::now());
        for number in [1, 2] {
            assert!(top.see(tenant(number), began).chosen, "there is room");
        }
        for _ in 0..5 {
            assert!(!top.see(tenant(3), began).chosen, "there is none");
        }
        let place = top.see(tenant(3), began + Top::ROUND);
        assert!(place.chosen);
        assert_eq!(place.dropped, [tenant(2)]);
        assert!(top.see(tenant(1), began + Top::ROUND).chosen);
    }

    #[test]
    fn a_tenant_that_falls_silent_makes_room() {
        let (mut top, began) = (Top::new(1), Instant::now());
        top.see(tenant(1), began);
        let mut now = began;
        for _ in 0..3 {
            now += Top::ROUND;
            top.see(tenant(2), now);
        }
        assert!(top.see(tenant(2), now).chosen);
        assert!(!top.see(tenant(1), now).chosen);
    }

    #[test]
    fn a_flood_of_others_keeps_no_busy_tenant_from_its_place() {
        let (mut top, began) = (Top::new(2), Instant::now());
        for number in 100..5_000 {
            top.see(tenant(number), began);
            if number % 10 == 0 {
                for busy in [1, 2] {
                    top.see(tenant(busy), began);
                }
            }
        }
        assert!(top.see(tenant(1), began + Top::ROUND).chosen);
        assert!(top.see(tenant(2), began + Top::ROUND).chosen);
    }

    proptest! {
        #[test]
        fn whatever_comes_it_stays_within_its_size(
            most in 1_usize..5,
            seen in prop::collection::vec((0_u32..60, 0_u64..40), 0..400),
        ) {
            let (mut top, mut now) = (Top::new(most), Instant::now());
            let mut chosen = HashSet::new();
            for (number, seconds) in seen {
                now += Duration::from_secs(seconds);
                let place = top.see(tenant(number), now);
                for dropped in place.dropped {
                    chosen.remove(&dropped);
                }
                if place.chosen {
                    chosen.insert(tenant(number));
                }
                prop_assert!(chosen.len() <= most);
                prop_assert!(top.watched.len() <= most * WATCHED);
            }
        }
    }
}
