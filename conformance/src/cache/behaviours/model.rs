use std::collections::BTreeMap;

use fastrand::Rng;
use tenantry::cache::{CacheError, KeyPattern, Swap, TenantCache, Usage};

use crate::cache::CacheHarness;
use crate::cache::world::{World, key, namespace, pattern};
use crate::model::ModelRun;
use crate::{Verdict, Violation, ensure_eq};

const OPERATIONS: usize = 1_500;
const NAMES: [&str; 6] = ["a", "a:b", "b", "*", "a%3Ab", "ab"];
const PATTERNS: [&str; 6] = ["*", "a*", "?", "\\*", "*b", "a:?"];
const VALUES: [&[u8]; 6] = [b"", b"0", b"41", b"-7", b"text", b"\0\xff"];

pub(crate) fn random_work_ends_as_in_a_plain_map<H: CacheHarness>() -> Verdict {
    let seed = std::env::var(ModelRun::SEED).ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    work::<H>(seed).map_err(|violation| {
        Violation::new(format!("{violation}; {}={seed} repeats it", ModelRun::SEED))
    })
}

/// Each tenant's outermost namespace, one in it, and one in that.
fn work<H: CacheHarness>(seed: u64) -> Verdict {
    let world = World::<H>::start();
    let mut places = Vec::new();
    for _ in 0..3 {
        let outer = world.tenant()?;
        let inner = outer.namespace(&namespace("a"))?;
        let innermost = inner.namespace(&namespace("b"))?;
        places.push([outer, inner, innermost]);
    }
    let mut model = Model {
        rng: Rng::with_seed(seed),
        entries: BTreeMap::new(),
    };
    for _ in 0..OPERATIONS {
        let (tenant, depth) = (model.rng.usize(0..3), model.rng.usize(0..3));
        let place = Place {
            cache: &places[tenant][depth],
            tenant,
            depth,
        };
        model.step(&world, &place)?;
    }
    Ok(())
}

struct Place<'a> {
    cache: &'a TenantCache,
    tenant: usize,
    depth: usize,
}

/// By tenant, depth of the namespace, and key.
struct Model {
    rng: Rng,
    entries: BTreeMap<(usize, usize, &'static str), Vec<u8>>,
}

impl Model {
    fn step<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        match self.rng.u8(0..20) {
            0..=3 => self.write(world, place),
            4..=6 => self.read(world, place),
            7..=8 => self.delete(world, place),
            9..=11 => self.count(world, place),
            12..=14 => self.write_on_condition(world, place),
            15..=17 => self.by_pattern(world, place),
            18 => self.usage(world, place),
            _ => self.flush(world, place),
        }
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.rng.usize(..NAMES.len())]
    }

    fn value(&mut self) -> &'static [u8] {
        VALUES[self.rng.usize(..VALUES.len())]
    }

    fn write<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let entries = [(self.name(), self.value()), (self.name(), self.value())];
        if self.rng.bool() {
            let (name, value) = entries[0];
            world.set(place.cache, name, value)?;
            self.entries.insert(place.of(name), value.to_vec());
            return Ok(());
        }
        let stored = entries.map(|(name, value)| (key(name), value.to_vec()));
        world.on(place.cache.set_many(stored, None))?;
        for (name, value) in entries {
            self.entries.insert(place.of(name), value.to_vec());
        }
        Ok(())
    }

    fn read<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let name = self.name();
        let found = world.get(place.cache, name)?;
        ensure_eq!(
            found.as_ref(),
            self.entries.get(&place.of(name)),
            "the value of {name}"
        );
        ensure_eq!(
            world.exists(place.cache, name)?,
            found.is_some(),
            "whether {name} exists"
        );
        let many = world.on(place.cache.get_many(&NAMES.map(key)))?;
        let expected = NAMES.map(|name| self.entries.get(&place.of(name)).cloned());
        ensure_eq!(many, expected, "many values");
        Ok(())
    }

    fn delete<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let [one, other] = [self.name(), self.name()];
        let gone = u64::from(self.entries.remove(&place.of(one)).is_some());
        if self.rng.bool() {
            let deleted = world.on(place.cache.delete(&key(one)))?;
            ensure_eq!(u64::from(deleted), gone, "deleting {one}");
            return Ok(());
        }
        let gone = gone + u64::from(self.entries.remove(&place.of(other)).is_some());
        let deleted = world.on(place.cache.delete_many(&[one, other].map(key)))?;
        ensure_eq!(deleted, gone, "deleting {one} and {other}");
        Ok(())
    }

    fn count<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let (name, by) = (self.name(), self.rng.i64(-100..100));
        let answer = world.on(place.cache.increment(&key(name), by, None));
        let old = match self.entries.get(&place.of(name)) {
            None => Some(0),
            Some(value) => String::from_utf8_lossy(value).parse().ok(),
        };
        match (answer, old) {
            (Ok(sum), Some(old)) => {
                ensure_eq!(sum, old + by, "the sum of {name}");
                let value = sum.to_string().into_bytes();
                self.entries.insert(place.of(name), value);
                Ok(())
            }
            (Err(CacheError::NotANumber { .. }), None) => Ok(()),
            (answer, old) => Err(Violation::new(format!("{old:?} and {by} gave {answer:?}"))),
        }
    }

    fn write_on_condition<H: CacheHarness>(
        &mut self,
        world: &World<H>,
        place: &Place<'_>,
    ) -> Verdict {
        let (name, expected, new) = (self.name(), self.value(), self.value());
        let old = self.entries.get(&place.of(name)).cloned();
        let writes = if self.rng.bool() {
            let set = world.on(place.cache.set_if_absent(&key(name), new, None))?;
            ensure_eq!(set, old.is_none(), "setting {name} if absent");
            set
        } else {
            let swap = world.on(place.cache.compare_and_swap(&key(name), expected, new))?;
            let right = match old {
                None => Swap::Absent,
                Some(old) if old == expected => Swap::Swapped,
                Some(_) => Swap::Different,
            };
            ensure_eq!(swap, right, "swapping {name}");
            swap == Swap::Swapped
        };
        if writes {
            self.entries.insert(place.of(name), new.to_vec());
        }
        Ok(())
    }

    fn by_pattern<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let text = PATTERNS[self.rng.usize(..PATTERNS.len())];
        let meant = pattern(text);
        let here = |at: &(usize, usize, &str), meant: &KeyPattern| {
            (at.0, at.1) == (place.tenant, place.depth) && meant.matches(at.2)
        };
        let right: Vec<_> = self
            .entries
            .keys()
            .filter(|at| here(at, &meant))
            .map(|at| at.2)
            .collect();
        ensure_eq!(
            world.keys(place.cache, text)?,
            right,
            "the keys that {text} finds"
        );
        if self.rng.u8(0..4) == 0 {
            let deleted = world.on(place.cache.delete_matching(&meant))?;
            ensure_eq!(
                usize::try_from(deleted),
                Ok(right.len()),
                "how many {text} deletes"
            );
            self.entries.retain(|at, _| !here(at, &meant));
        }
        Ok(())
    }

    fn usage<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let inside = self.entries.iter().filter(|(at, _)| place.contains(at));
        let stored = |name| place.cache.space().key(&key(name)).as_str().len();
        let deeper = |depth: usize| (depth - place.depth) * "a:".len();
        let right = inside.fold(Usage::default(), |usage, (at, value)| Usage {
            keys: usage.keys + 1,
            bytes: usage.bytes + (stored(at.2) + deeper(at.1) + value.len()) as u64,
        });
        ensure_eq!(world.on(place.cache.usage())?, right, "the usage");
        Ok(())
    }

    fn flush<H: CacheHarness>(&mut self, world: &World<H>, place: &Place<'_>) -> Verdict {
        let before = self.entries.len();
        self.entries.retain(|at, _| !place.contains(at));
        let flushed = world.on(place.cache.flush())?;
        ensure_eq!(
            usize::try_from(flushed),
            Ok(before - self.entries.len()),
            "how many were flushed"
        );
        Ok(())
    }
}

impl Place<'_> {
    fn of(&self, name: &'static str) -> (usize, usize, &'static str) {
        (self.tenant, self.depth, name)
    }

    fn contains(&self, at: &(usize, usize, &str)) -> bool {
        at.0 == self.tenant && at.1 >= self.depth
    }
}
