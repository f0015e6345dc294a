use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use tenantry::TenantId;

use super::{Figures, MinuteFigures};

/// The last minutes, the oldest first. Those in which nothing happened aren't there.
#[derive(Debug)]
pub(super) struct Minutes {
    kept: VecDeque<Minute>,
    length: usize,
    room: usize,
}

#[derive(Debug)]
struct Minute {
    /// Since 1970.
    number: i64,
    total: Figures,
    tenants: HashMap<TenantId, Figures>,
    without_room: Figures,
}

impl Minutes {
    pub(super) fn new(length: usize, room: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            length,
            room,
        }
    }

    pub(super) fn add(&mut self, tenant: Option<TenantId>, figures: &Figures, now: DateTime<Utc>) {
        let room = self.room;
        let minute = self.minute(number_of(now));
        minute.total.add(figures);
        let Some(tenant) = tenant else { return };
        let has_room = minute.tenants.len() < room;
        match minute.tenants.get_mut(&tenant) {
            Some(own) => own.add(figures),
            None if has_room => {
                minute.tenants.insert(tenant, *figures);
            }
            None => minute.without_room.add(figures),
        }
    }

    pub(super) fn everything(&mut self, now: DateTime<Utc>) -> Vec<MinuteFigures> {
        self.each(now, |minute| Some(minute.total))
    }

    pub(super) fn of(&mut self, tenant: TenantId, now: DateTime<Utc>) -> Vec<MinuteFigures> {
        self.each(now, |minute| minute.tenants.get(&tenant).copied())
    }

    pub(super) fn without_room(&mut self, now: DateTime<Utc>) -> Vec<MinuteFigures> {
        self.each(now, |minute| Some(minute.without_room))
    }

    pub(super) fn busiest(&mut self, most: usize, now: DateTime<Utc>) -> Vec<(TenantId, Figures)> {
        self.forget_before(self.first(number_of(now)));
        let mut sums: HashMap<TenantId, Figures> = HashMap::new();
        for minute in &self.kept {
            for (tenant, figures) in &minute.tenants {
                sums.entry(*tenant).or_default().add(figures);
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_unstable_by(|(a, one), (b, other)| {
            other.requests.cmp(&one.requests).then_with(|| a.cmp(b))
        });
        sums.truncate(most);
        sums
    }

    fn each(
        &mut self,
        now: DateTime<Utc>,
        figures: impl Fn(&Minute) -> Option<Figures>,
    ) -> Vec<MinuteFigures> {
        let last = number_of(now).max(self.last());
        let first = self.first(last);
        self.forget_before(first);
        let mut kept = self.kept.iter().peekable();
        let minute = |number| MinuteFigures {
            began: DateTime::from_timestamp(number * 60, 0).unwrap_or(DateTime::UNIX_EPOCH),
            figures: kept
                .next_if(|minute| minute.number == number)
                .and_then(&figures)
                .unwrap_or_default(),
        };
        (first..=last).map(minute).collect()
    }

    /// The minute of this number; the newest one, if a clock was set back.
    fn minute(&mut self, number: i64) -> &mut Minute {
        let number = number.max(self.last());
        self.forget_before(self.first(number));
        if self.kept.back().is_none_or(|last| last.number < number) {
            self.kept.push_back(Minute {
                number,
                total: Figures::default(),
                tenants: HashMap::new(),
                without_room: Figures::default(),
            });
        }
        let last = self.kept.len() - 1;
        &mut self.kept[last]
    }

    fn last(&self) -> i64 {
        self.kept.back().map_or(i64::MIN, |minute| minute.number)
    }

    /// The first minute that is kept when that one is the last.
    fn first(&self, last: i64) -> i64 {
        let before = i64::try_from(self.length - 1).unwrap_or(i64::MAX);
        last.saturating_sub(before)
    }

    fn forget_before(&mut self, first: i64) {
        while self
            .kept
            .front()
            .is_some_and(|minute| minute.number < first)
        {
            self.kept.pop_front();
        }
    }
}

fn number_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::RequestOutcome;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn tenant(number: u8) -> TenantId {
        TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10])
    }

    fn request() -> Figures {
        Figures::of_request(RequestOutcome::Success, Duration::from_millis(2))
    }

    fn requests(minutes: &[MinuteFigures]) -> Vec<u64> {
        minutes
            .iter()
            .map(|minute| minute.figures.requests)
            .collect()
    }

    #[test]
    fn minutes_without_anything_are_shown_as_such_and_old_ones_are_forgotten() {
        let mut minutes = Minutes::new(3, 10);
        for second in [0, 59, 60, 190] {
            minutes.add(Some(tenant(1)), &request(), at(second));
        }
        assert_eq!(requests(&minutes.everything(at(190))), [1, 0, 1]);
        assert_eq!(requests(&minutes.of(tenant(1), at(239))), [1, 0, 1]);
        assert_eq!(requests(&minutes.of(tenant(2), at(239))), [0, 0, 0]);
        let shown = minutes.everything(at(240));
        assert_eq!(requests(&shown), [0, 1, 0]);
        assert_eq!(shown[1].began, at(180));
        assert_eq!(minutes.busiest(9, at(299)), [(tenant(1), request())]);
        assert_eq!(minutes.busiest(9, at(600)), []);
    }

    #[test]
    fn a_clock_that_is_set_back_adds_to_the_newest_minute() {
        let mut minutes = Minutes::new(3, 10);
        minutes.add(None, &request(), at(600));
        minutes.add(None, &request(), at(0));
        assert_eq!(requests(&minutes.everything(at(0))), [0, 0, 2]);
    }

    #[test]
    fn tenants_that_a_minute_has_no_room_for_are_counted_together() {
        let mut minutes = Minutes::new(2, 2);
        for number in [1, 2, 3, 4, 1] {
            minutes.add(Some(tenant(number)), &request(), at(0));
        }
        assert_eq!(requests(&minutes.everything(at(0))), [0, 5]);
        assert_eq!(requests(&minutes.without_room(at(0))), [0, 2]);
        let busiest: Vec<_> = minutes
            .busiest(9, at(0))
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(busiest, [tenant(1), tenant(2)]);
        assert_eq!(minutes.busiest(1, at(0)).len(), 1);
    }

    proptest! {
        /// Compared with a list of everything that ever happened.
        #[test]
        fn it_shows_what_happened_and_stays_within_its_size(
            happened in prop::collection::vec((0_u8..6, 0_i64..200), 0..200),
        ) {
            let mut minutes = Minutes::new(3, 4);
            let mut plain: BTreeMap<i64, u64> = BTreeMap::new();
            let mut now = 0;
            for (number, passed) in happened {
                now += passed;
                minutes.add(Some(tenant(number)), &request(), at(now));
                *plain.entry(now / 60).or_default() += 1;
                prop_assert!(minutes.kept.len() <= 3);
                prop_assert!(minutes.kept.iter().all(|minute| minute.tenants.len() <= 4));
            }
            let last = now / 60;
            let wanted: Vec<_> = (last - 2..=last)
                .map(|minute| plain.get(&minute).copied().unwrap_or_default())
                .collect();
            prop_assert_eq!(requests(&minutes.everything(at(now))), wanted);
            for minute in &minutes.kept {
                let mut sum = minute.without_room;
                for figures in minute.tenants.values() {
                    sum.add(figures);
                }
                prop_assert_eq!(sum, minute.total);
            }
        }
    }
}
