use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tenantry::{BoxError, Digest};

use super::{Begun, IdempotencyKey, IdempotencyStore, KeptAnswer};

/// Answers in this process's memory, within a limit: what other processes did isn't known, nor what was done before a
/// restart.
///
/// Where one of several processes may get the second request, give them a store that they share. Without one, two
/// requests are done twice only where that is harmless: a slug is taken once, and every other change names the version that
/// it is based on.
#[derive(Debug)]
pub struct MemoryIdempotency {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    keys: usize,
    bytes: usize,
    kept_for: Duration,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<IdempotencyKey, Known>,
    /// Those that are done, the oldest first.
    done: VecDeque<(Instant, IdempotencyKey)>,
    bytes: usize,
}

#[derive(Debug)]
struct Known {
    request: Digest,
    answer: Option<KeptAnswer>,
}

impl MemoryIdempotency {
    /// A store that keeps an answer for a day, and at most 10,000 keys and 32 MiB of answers: the oldest go first.
    pub fn new() -> Self {
        Self::with_limits(10_000, 32 * 1024 * 1024, Duration::from_hours(24))
    }

    /// A store that keeps an answer for `kept_for`, and at most so many keys, and bytes of answers. The oldest answers go
    /// first; where all keys are of requests in hand, a new one is refused.
    pub fn with_limits(keys: usize, bytes: usize, kept_for: Duration) -> Self {
        Self {
            limits: Limits {
                keys,
                bytes,
                kept_for,
            },
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_at(
        &self,
        now: Instant,
        key: IdempotencyKey,
        request: Digest,
    ) -> Result<Begun, BoxError> {
        let mut state = self.state();
        while state.oldest_is_past(now, self.limits.kept_for) {
            state.forget_oldest();
        }
        if let Some(known) = state.known.get(&key) {
            return Ok(known.answer_to(request));
        }
        while state.known.len() >= self.limits.keys {
            if !state.forget_oldest() {
                return Err("too many requests with an Idempotency-Key are in hand".into());
            }
        }
        let known = Known {
            request,
            answer: None,
        };
        state.known.insert(key, known);
        Ok(Begun::First)
    }

    fn finish_at(&self, now: Instant, key: IdempotencyKey, answer: KeptAnswer) {
        let mut state = self.state();
        let bytes = answer.bytes();
        let Some(known) = state.known.get_mut(&key) else {
            return;
        };
        if known.answer.replace(answer).is_some() {
            return;
        }
        state.bytes += bytes;
        state.done.push_back((now, key));
        while state.bytes > self.limits.bytes && state.forget_oldest() {}
    }
}

impl Default for MemoryIdempotency {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl IdempotencyStore for MemoryIdempotency {
    async fn begin(&self, key: IdempotencyKey, request: Digest) -> Result<Begun, BoxError> {
        self.begin_at(Instant::now(), key, request)
    }

    async fn finish(&self, key: IdempotencyKey, answer: KeptAnswer) -> Result<(), BoxError> {
        self.finish_at(Instant::now(), key, answer);
        Ok(())
    }

    async fn forget(&self, key: IdempotencyKey) -> Result<(), BoxError> {
        let mut state = self.state();
        let in_hand = |known: &Known| known.answer.is_none();
        if state.known.get(&key).is_some_and(in_hand) {
            state.known.remove(&key);
        }
        Ok(())
    }
}

impl State {
    fn oldest_is_past(&self, now: Instant, kept_for: Duration) -> bool {
        let oldest = self.done.front();
        oldest.is_some_and(|(at, _)| now.saturating_duration_since(*at) >= kept_for)
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.done.pop_front() else {
            return false;
        };
        let answer = self.known.remove(&key).and_then(|known| known.answer);
        self.bytes -= answer.map_or(0, |answer| answer.bytes());
        true
    }
}

impl Known {
    fn answer_to(&self, request: Digest) -> Begun {
        if self.request != request {
            return Begun::OfAnother;
        }
        match &self.answer {
            Some(answer) => Begun::Done(answer.clone()),
            None => Begun::InHand,
        }
    }
}

#[cfg(test)]
mod tests {
    use tenantry::Actor;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::of(&Actor::system(), text.as_bytes())
    }

    fn answer(bytes: usize) -> KeptAnswer {
        KeptAnswer {
            status: 201,
            headers: Vec::new(),
            body: vec![b'x'; bytes],
        }
    }

    fn begun(store: &MemoryIdempotency, now: Instant, text: &str) -> Begun {
        store
            .begin_at(now, key(text), Digest::ZERO)
            .expect("it can be told")
    }

    #[test]
    fn a_key_is_first_then_in_hand_then_done_and_another_request_is_told() {
        let (store, now) = (MemoryIdempotency::new(), Instant::now());
        assert_eq!(begun(&store, now, "a"), Begun::First);
        assert_eq!(begun(&store, now, "a"), Begun::InHand);
        store.finish_at(now, key("a"), answer(3));
        assert_eq!(begun(&store, now, "a"), Begun::Done(answer(3)));
        let other = Digest::of(&[b"another request"]);
        let found = store.begin_at(now, key("a"), other).expect("it is known");
        assert_eq!(found, Begun::OfAnother);
        assert_eq!(begun(&store, now, "b"), Begun::First, "another key");
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_no_longer() {
        let (store, now) = (MemoryIdempotency::new(), Instant::now());
        begun(&store, now, "a");
        store.finish_at(now, key("a"), answer(3));
        let last = now + DAY.saturating_sub(Duration::from_secs(1));
        assert_eq!(begun(&store, last, "a"), Begun::Done(answer(3)));
        assert_eq!(begun(&store, now + DAY, "a"), Begun::First);
        assert_eq!(store.state().bytes, 0);
    }

    #[test]
    fn memory_is_bounded_in_keys_and_in_bytes_and_what_is_in_hand_is_never_forgotten() {
        let (store, now) = (
            MemoryIdempotency::with_limits(2, 10_000, DAY),
            Instant::now(),
        );
        for text in ["a", "b"] {
            begun(&store, now, text);
        }
        let refused = store.begin_at(now, key("c"), Digest::ZERO);
        assert!(refused.is_err(), "both are in hand");
        store.finish_at(now, key("a"), answer(1));
        assert_eq!(begun(&store, now, "c"), Begun::First, "in the place of a");
        assert_eq!(begun(&store, now, "b"), Begun::InHand);
        store.finish_at(now, key("b"), answer(6_000));
        store.finish_at(now, key("c"), answer(6_000));
        assert_eq!(begun(&store, now, "c"), Begun::Done(answer(6_000)));
        assert!(store.state().bytes <= 10_000);
        assert_eq!(begun(&store, now, "b"), Begun::First, "it was the oldest");
    }
}
