use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use proptest::prelude::*;
use tenantry::jobs::{CronError, CronExpression, JobEnvelope};

use crate::support::{any_time, at, cron, usual_time};

/// One field, as it is written and as the values that it has to mean.
#[derive(Clone, Debug)]
struct Written {
    text: String,
    values: Vec<u32>,
}

fn item(first: u32, last: u32) -> impl Strategy<Value = Written> {
    let value = (first..=last).prop_map(|value| Written {
        text: value.to_string(),
        values: vec![value],
    });
    let range = (first..=last, first..=last, 1..=last).prop_map(move |(a, b, step)| {
        let (from, to) = (a.min(b), a.max(b));
        let step = step.min((to - from).max(1));
        Written {
            text: format!("{from}-{to}/{step}"),
            values: (from..=to).step_by(step as usize).collect(),
        }
    });
    let every = (1..=last - first).prop_map(move |step| Written {
        text: format!("*/{step}"),
        values: (first..=last).step_by(step as usize).collect(),
    });
    prop_oneof![value, range, every]
}

fn field(first: u32, last: u32) -> impl Strategy<Value = Written> {
    let all = Just(Written {
        text: "*".to_owned(),
        values: (first..=last).collect(),
    });
    let several = prop::collection::vec(item(first, last), 1..4).prop_map(|items| Written {
        text: items
            .iter()
            .map(|item| item.text.as_str())
            .collect::<Vec<_>>()
            .join(","),
        values: items.into_iter().flat_map(|item| item.values).collect(),
    });
    prop_oneof![all, several]
}

/// An expression that is written at random, and what it says, in the plainest form.
#[derive(Clone, Debug)]
struct Model([Written; 5]);

impl Model {
    fn text(&self) -> String {
        let texts: Vec<_> = self.0.iter().map(|field| field.text.as_str()).collect();
        texts.join(" ")
    }

    fn matches(&self, time: DateTime<Utc>) -> bool {
        let [minute, hour, of_month, month, of_week] = &self.0;
        let in_month = of_month.values.contains(&time.day());
        let in_week = of_week
            .values
            .contains(&time.weekday().num_days_from_sunday());
        let day = match (of_month.text.as_str(), of_week.text.as_str()) {
            ("*", _) => in_week,
            (_, "*") => in_month,
            _ => in_month || in_week,
        };
        let month = month.values.contains(&time.month());
        day && month && hour.values.contains(&time.hour()) && minute.values.contains(&time.minute())
    }
}

fn model() -> impl Strategy<Value = Model> {
    let fields = (
        field(0, 59),
        field(0, 23),
        field(1, 31),
        field(1, 12),
        field(0, 6),
    );
    fields.prop_map(|(a, b, c, d, e)| Model([a, b, c, d, e]))
}

/// Those that are due often enough for a search by minutes.
fn frequent() -> impl Strategy<Value = Model> {
    model().prop_map(|Model([minute, hour, of_month, _, of_week])| {
        let month = Written {
            text: "*".to_owned(),
            values: (1..=12).collect(),
        };
        Model([minute, hour, of_month, month, of_week])
    })
}

fn minutes_from(time: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let minute = DateTime::from_timestamp(time.timestamp().div_euclid(60) * 60, 0).unwrap();
    (0..).map(move |minutes| minute + TimeDelta::minutes(minutes))
}

proptest! {
    #[test]
    fn the_next_time_is_the_first_of_the_minutes_after_that_match(
        model in frequent(), time in usual_time(),
    ) {
        let Ok(cron) = CronExpression::new(&model.text()) else { return Ok(()) };
        let next = cron.next_after(time).unwrap();
        prop_assert!(next > time);
        let mut minutes = minutes_from(time).filter(|minute| *minute > time);
        prop_assert_eq!(minutes.find(|minute| model.matches(*minute)), Some(next));
    }

    #[test]
    fn the_latest_time_is_the_last_of_the_minutes_until_then_that_match(
        model in frequent(), time in usual_time(),
    ) {
        let Ok(cron) = CronExpression::new(&model.text()) else { return Ok(()) };
        let latest = cron.latest_until(time).unwrap();
        prop_assert!(latest <= time && model.matches(latest));
        let mut between = minutes_from(latest).skip(1).take_while(|minute| *minute <= time);
        prop_assert_eq!(between.find(|minute| model.matches(*minute)), None);
    }

    #[test]
    fn looking_forward_and_backward_agree(model in model(), time in any_time()) {
        let Ok(cron) = CronExpression::new(&model.text()) else { return Ok(()) };
        if let Some(next) = cron.next_after(time) {
            prop_assert!(next > time && next <= JobEnvelope::END_OF_TIME);
            prop_assert!(model.matches(next));
            prop_assert_eq!(cron.latest_until(next), Some(next));
            prop_assert!(cron.latest_until(time).is_none_or(|latest| latest <= time));
            let before = next - TimeDelta::nanoseconds(1);
            prop_assert_eq!(cron.latest_until(before), cron.latest_until(time));
        } else {
            let nine_years_left = time < JobEnvelope::END_OF_TIME - TimeDelta::days(9 * 366);
            prop_assert!(!nine_years_left, "{} is due again after {time}", model.text());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_any_time_has_an_answer(
        text in "\\PC{0,40}", items in "[0-9a-z*,/ -]{0,60}", time in any_time(),
    ) {
        for text in [text, items] {
            if let Ok(cron) = CronExpression::new(&text) {
                prop_assert!(cron.next_after(time).is_none_or(|next| next > time));
                prop_assert!(cron.latest_until(time).is_none_or(|latest| latest <= time));
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back(model in model()) {
        let Ok(cron) = CronExpression::new(&model.text()) else { return Ok(()) };
        prop_assert_eq!(cron.as_str(), model.text());
        let json = serde_json::to_string(&cron).unwrap();
        prop_assert_eq!(serde_json::from_str::<CronExpression>(&json).unwrap(), cron);
    }
}

#[test]
fn expressions_mean_what_they_say() {
    let now = at("2026-02-27T10:20:30.5Z"); // a Friday
    for (expression, next) in [
        ("* * * * *", "2026-02-27T10:21:00Z"),
        ("*/15 * * * *", "2026-02-27T10:30:00Z"),
        ("20 10 * * *", "2026-02-28T10:20:00Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        ("0 0 31 * *", "2026-03-31T00:00:00Z"),
        ("0 12 * * 0", "2026-03-01T12:00:00Z"),
        ("0 12 * * 7", "2026-03-01T12:00:00Z"),
        ("0 12 * * SUN", "2026-03-01T12:00:00Z"),
        ("0 9 * * fri-sun", "2026-02-28T09:00:00Z"),
        ("0 9 * * 5-7", "2026-02-28T09:00:00Z"),
        ("0 0 * Apr,dec *", "2026-04-01T00:00:00Z"),
        ("5,10-20/5 11 * * *", "2026-02-27T11:05:00Z"),
        ("0 0 13 * fri", "2026-03-06T00:00:00Z"),
        ("0 0 30 2 mon", "2027-02-01T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z"),
    ] {
        assert_eq!(
            cron(expression).next_after(now),
            Some(at(next)),
            "{expression}"
        );
    }
}

#[test]
fn the_minute_that_it_is_due_counts_until_it_is_over() {
    let hourly = cron("0 * * * *");
    let due = at("2026-05-01T07:00:00Z");
    assert_eq!(hourly.latest_until(due), Some(due));
    assert_eq!(hourly.latest_until(due + TimeDelta::seconds(59)), Some(due));
    assert_eq!(
        hourly.next_after(due - TimeDelta::nanoseconds(1)),
        Some(due)
    );
    assert_eq!(hourly.next_after(due), Some(due + TimeDelta::hours(1)));
}

#[test]
fn blanks_and_tabs_part_the_fields_and_are_not_kept() {
    let written = cron(" 0\t3  * * mon ");
    assert_eq!(written.as_str(), "0 3 * * mon");
    assert_eq!(written, cron("0 3 * * mon"));
}

#[test]
fn days_that_no_year_has_are_refused() {
    for expression in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30-31 feb *"] {
        let refused = CronExpression::new(expression);
        assert!(
            matches!(refused, Err(CronError::NeverDue { .. })),
            "{expression}"
        );
    }
    cron("0 0 29 2 *");
    cron("0 0 30 2 *,*");
}

#[test]
fn each_refusal_says_what_is_wrong() {
    for (expression, said) in [
        ("", "has 0 fields"),
        ("@daily", "has 1 fields"),
        ("0 0 0 * * *", "has 6 fields"),
        ("60 * * * *", "minute \"60\" is out of range: use 0 to 59"),
        ("* 24 * * *", "hour \"24\" is out of range"),
        (
            "* * 0 * *",
            "day of month \"0\" is out of range: use 1 to 31",
        ),
        ("* * * 13 *", "month \"13\" is out of range"),
        ("* * * * 8", "day of week \"8\" is out of range"),
        ("999 * * * *", "out of range"),
        ("20-10 * * * *", "minute \"20-10\" goes backwards"),
        ("*/0 * * * *", "use 1 to 59"),
        ("*/60 * * * *", "leads nowhere"),
        ("5/10 * * * *", "minute \"5/10\" can't be read"),
        ("1,,2 * * * *", "minute \"\" can't be read"),
        ("-1 * * * *", "can't be read"),
        ("+1 * * * *", "can't be read"),
        ("1- * * * *", "can't be read"),
        ("0001 * * * *", "can't be read"),
        ("* * L * *", "can't be read"),
        ("* * ? * *", "can't be read"),
        ("* * * * mon#2", "can't be read"),
        ("* * * mon *", "month \"mon\" can't be read"),
        ("* * * * ١", "can't be read"),
        ("0 0 30 2 *", "is never due"),
    ] {
        let refused = CronExpression::new(expression).unwrap_err().to_string();
        assert!(refused.contains(said), "{expression}: {refused}");
    }
    let long = format!("{} * * * *", "1,".repeat(250));
    let refused = CronExpression::new(&long).unwrap_err();
    assert!(matches!(refused, CronError::TooLong { .. }), "{refused}");
}

#[test]
fn at_the_ends_of_time_there_is_no_further_one() {
    let newyear = cron("0 0 1 1 *");
    assert_eq!(newyear.next_after(at("9999-06-01T00:00:00Z")), None);
    assert_eq!(newyear.next_after(DateTime::<Utc>::MAX_UTC), None);
    assert_eq!(
        cron("59 23 31 12 *").next_after(at("9999-06-01T00:00:00Z")),
        Some(at("9999-12-31T23:59:00Z"))
    );
    let end = DateTime::<Utc>::MAX_UTC;
    assert_eq!(
        cron("* * * * *").latest_until(end),
        Some(at("9999-12-31T23:59:00Z"))
    );
    let least = DateTime::<Utc>::MIN_UTC;
    assert!(cron("* * * * *").next_after(least).is_some());
    assert_eq!(cron("59 23 31 12 *").latest_until(least), None);
}
