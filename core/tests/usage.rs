//! How sizes are added, and how a time is divided.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tenantry::jobs::ScheduleTarget;
use tenantry::usage::{Measure, RowCount, SeriesQuery, Size, UsageSampler};
use tenantry::{Actor, PageSize, TenantId};

fn query(from: i64, span: i64, points: u16) -> SeriesQuery {
    SeriesQuery {
        tenant: TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10]),
        table: None,
        from: time(from),
        until: time(from + span),
        points: PageSize::new(points).unwrap(),
    }
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

proptest! {
    #[test]
    fn every_moment_of_the_time_is_in_one_part_and_parts_ascend(
        from in -1_000_000_000_000_i64..1_000_000_000_000,
        span in 1_i64..50_000_000_000_000,
        points in 1_u16..=500,
        mut moments in proptest::collection::vec(0.0_f64..1.0, 1..20),
    ) {
        let query = query(from, span, points);
        moments.sort_by(f64::total_cmp);
        let mut before = 0;
        for moment in moments {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a moment, roughly")]
            let at = from + ((span as f64 * moment) as i64).min(span - 1);
            let part = query.part(time(at)).unwrap();
            prop_assert!(part < points && part >= before);
            before = part;
        }
        prop_assert_eq!(query.part(time(from)), Some(0));
        prop_assert_eq!(query.part(time(from - 1)), None);
        prop_assert_eq!(query.part(time(from + span)), None);
    }
}

#[test]
fn a_time_without_length_has_no_part() {
    let nothing = query(5, 0, 10);
    assert_eq!(nothing.part(time(5)), None);
}

#[test]
fn a_sum_is_known_no_better_than_its_worst_part() {
    use RowCount::{Estimate, Exact, Unknown};
    for (one, two, sum) in [
        (Exact(1), Exact(2), Exact(3)),
        (Exact(1), Estimate(2), Estimate(3)),
        (Estimate(1), Estimate(2), Estimate(3)),
        (Exact(1), Unknown, Unknown),
        (Exact(u64::MAX), Exact(1), Exact(u64::MAX)),
    ] {
        assert_eq!(one.plus(two), sum);
        assert_eq!(two.plus(one), sum);
    }
    let size = Size {
        rows: Unknown,
        bytes: 5,
        index_bytes: 2,
    };
    assert_eq!(Measure::Rows.of(size), 0);
    assert_eq!(Measure::TotalBytes.of(size), 7);
    assert_eq!(Size::NONE.plus(size), size);
}

#[test]
fn a_measure_is_read_back_as_it_is_written() {
    for measure in [
        Measure::Rows,
        Measure::Bytes,
        Measure::IndexBytes,
        Measure::TotalBytes,
    ] {
        assert_eq!(measure.to_string().parse::<Measure>().unwrap(), measure);
    }
    assert!("size".parse::<Measure>().is_err());
}

#[test]
fn the_schedule_of_samples_is_of_the_shared_scope() {
    let schedule = UsageSampler::schedule(Actor::system(), "23 * * * *".parse().unwrap());
    assert_eq!(schedule.target(), ScheduleTarget::Shared);
    assert_eq!(*schedule.kind(), UsageSampler::kind());
    assert_eq!(schedule.kind().as_str(), UsageSampler::KIND);
    assert!(UsageSampler::KEPT > TimeDelta::days(365).to_std().unwrap());
}
