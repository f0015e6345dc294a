use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH};
use crate::Excerpt;
use crate::jobs::JobEnvelope;

/// When something is due, as a cron expression: minute, hour, day of month, month, day of week. Always in UTC.
///
/// | field | values | names |
/// | --- | --- | --- |
/// | minute | 0-59 | |
/// | hour | 0-23 | |
/// | day of month | 1-31 | |
/// | month | 1-12 | `jan` to `dec` |
/// | day of week | 0-7, where 0 and 7 are Sunday | `sun` to `sat` |
///
/// A field is `*`, a value, a range `a-b`, a range with a step (`*/5`, `8-18/2`), or several of these with commas between
/// them. Names are in either case, also in ranges. A range goes upwards; one of days may end on Sunday (`fri-sun`). A step
/// is 1 at least, and no longer than its range. Fields are parted by blanks or tabs. There are no seconds, years, `@daily`,
/// `?`, `L`, `W` or `#`, and a step needs a range before it (`5/10` is refused, since programs differ in what it means).
///
/// **Days.** If the day of month or the day of week is `*`, a day has to match the other. If neither is `*`, matching
/// either is enough, as POSIX has it: `0 0 13 * fri` is every 13th and every Friday.
///
/// An expression that no day ever matches (`0 0 30 2 *`) is refused.
///
/// ```
/// use chrono::DateTime;
/// use tenantry::jobs::CronExpression;
///
/// let weekdays: CronExpression = "30 6 * * mon-fri".parse()?;
/// let at = |text| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
/// let (friday, monday) = (at("2026-05-01T06:30:00Z"), at("2026-05-04T06:30:00Z"));
/// assert_eq!(weekdays.next_after(friday), Some(monday));
/// assert!("0 0 30 2 *".parse::<CronExpression>().is_err(), "no February has it");
/// # Ok::<(), tenantry::jobs::CronError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronExpression {
    text: String,
    minutes: u64,
    hours: u64,
    days_of_month: u64,
    months: u64,
    days_of_week: u64,
    either_day: bool,
}

impl CronExpression {
    /// The longest expression, in bytes.
    pub const MAX_LENGTH: usize = 500;

    /// Takes an expression. It is kept as it is, with one blank between its fields.
    ///
    /// # Errors
    /// [`CronError`].
    pub fn new(expression: &str) -> Result<Self, CronError> {
        if expression.len() > Self::MAX_LENGTH {
            return Err(CronError::TooLong {
                bytes: expression.len(),
            });
        }
        let blanks = [' ', '\t'];
        let fields: Vec<&str> = expression
            .split(blanks)
            .filter(|field| !field.is_empty())
            .collect();
        let [minute, hour, day_of_month, month, day_of_week] = fields[..] else {
            return Err(CronError::FieldCount {
                expression: Excerpt::of(expression),
                found: fields.len(),
            });
        };
        let cron = Self {
            text: fields.join(" "),
            minutes: MINUTE.values(minute)?,
            hours: HOUR.values(hour)?,
            days_of_month: DAY_OF_MONTH.values(day_of_month)?,
            months: MONTH.values(month)?,
            days_of_week: DAY_OF_WEEK.values(day_of_week)?,
            either_day: day_of_month != "*" && day_of_week != "*",
        };
        if cron.is_ever_due() {
            Ok(cron)
        } else {
            Err(CronError::NeverDue {
                expression: Excerpt::of(expression),
            })
        }
    }

    /// The expression as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after `time` that it is due; `None` if that is after [`JobEnvelope::END_OF_TIME`].
    ///
    /// Whatever `time` is, this looks at a few thousand days at most.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let first = minute_of(time).checked_add_signed(TimeDelta::minutes(1))?;
        let end = JobEnvelope::END_OF_TIME.naive_utc().date();
        let mut date = first.date();
        let mut from = (first.hour(), first.minute());
        while date <= end {
            if self.matches(date)
                && let Some((hour, minute)) = self.first_from(from)
            {
                return at(date, hour, minute);
            }
            date = if self.has_month(date) {
                date.succ_opt()?
            } else {
                first_of_next_month(date)?
            };
            from = (0, 0);
        }
        None
    }

    /// The last time until `time`, itself included, that it was due, and none after [`JobEnvelope::END_OF_TIME`]; `None` if
    /// there is none in the calendar.
    pub fn latest_until(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = minute_of(time.min(JobEnvelope::END_OF_TIME));
        let mut date = last.date();
        let mut until = (last.hour(), last.minute());
        loop {
            if self.matches(date)
                && let Some((hour, minute)) = self.last_until(until)
            {
                return at(date, hour, minute);
            }
            date = if self.has_month(date) {
                date.pred_opt()?
            } else {
                date.with_day(1)?.pred_opt()?
            };
            until = (23, 59);
        }
    }

    fn has_month(&self, date: NaiveDate) -> bool {
        has(self.months, date.month())
    }

    fn matches(&self, date: NaiveDate) -> bool {
        let of_month = has(self.days_of_month, date.day());
        let of_week = has(self.days_of_week, date.weekday().num_days_from_sunday());
        let day = if self.either_day {
            of_month || of_week
        } else {
            of_month && of_week
        };
        day && self.has_month(date)
    }

    fn first_from(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        if has(self.hours, hour)
            && let Some(minute) = least_from(self.minutes, minute)
        {
            return Some((hour, minute));
        }
        Some((
            least_from(self.hours, hour + 1)?,
            least_from(self.minutes, 0)?,
        ))
    }

    fn last_until(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        if has(self.hours, hour)
            && let Some(minute) = greatest_until(self.minutes, minute)
        {
            return Some((hour, minute));
        }
        let hour = greatest_until(self.hours, hour.checked_sub(1)?)?;
        Some((hour, greatest_until(self.minutes, 59)?))
    }

    /// A day of the week comes in every month, so only days of the month can be missing in all of them.
    fn is_ever_due(&self) -> bool {
        const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        self.either_day
            || (1..).zip(LONGEST).any(|(month, days)| {
                let first = least_from(self.days_of_month, 1);
                has(self.months, month) && first.is_some_and(|first| first <= days)
            })
    }
}

fn has(values: u64, value: u32) -> bool {
    values & (1 << value) != 0
}

fn least_from(values: u64, from: u32) -> Option<u32> {
    let values = values & (u64::MAX << from);
    (values != 0).then(|| values.trailing_zeros())
}

fn greatest_until(values: u64, until: u32) -> Option<u32> {
    (values & (u64::MAX >> (63 - until))).checked_ilog2()
}

/// The minute that `time` is in. A leap second is in the minute that it ends.
fn minute_of(time: DateTime<Utc>) -> NaiveDateTime {
    let time = time.naive_utc();
    let within = TimeDelta::seconds(i64::from(time.second()));
    let minute = time.with_nanosecond(0).unwrap_or(time);
    minute.checked_sub_signed(within).unwrap_or(minute)
}

fn first_of_next_month(date: NaiveDate) -> Option<NaiveDate> {
    let (year, month) = match date.month() {
        12 => (date.year() + 1, 1),
        month => (date.year(), month + 1),
    };
    NaiveDate::from_ymd_opt(year, month, 1)
}

fn at(date: NaiveDate, hour: u32, minute: u32) -> Option<DateTime<Utc>> {
    Some(date.and_hms_opt(hour, minute, 0)?.and_utc())
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl From<CronExpression> for String {
    fn from(cron: CronExpression) -> Self {
        cron.text
    }
}

impl FromStr for CronExpression {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::new(text)
    }
}

impl TryFrom<String> for CronExpression {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        Self::new(&text)
    }
}

/// Why a text isn't a [`CronExpression`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CronError {
    /// More than [`CronExpression::MAX_LENGTH`].
    #[error(
        "a cron expression of {bytes} bytes: use at most {}",
        CronExpression::MAX_LENGTH
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not five fields.
    #[error(
        "cron expression {expression} has {found} fields: give minute, hour, day of month, month and day of week, as in \
         \"0 3 * * mon\""
    )]
    FieldCount {
        /// The refused text.
        expression: Excerpt,
        /// How many it has.
        found: usize,
    },
    /// Something that isn't part of the dialect.
    #[error(
        "{field} {item} can't be read: use *, a value, a-b, */n or a-b/n, and commas between them"
    )]
    Unreadable {
        /// In which field.
        field: &'static str,
        /// The refused part.
        item: Excerpt,
    },
    /// A value that the field doesn't have.
    #[error("{field} {item} is out of range: use {first} to {last}")]
    OutOfRange {
        /// In which field.
        field: &'static str,
        /// The refused part.
        item: Excerpt,
        /// The least value.
        first: u8,
        /// The greatest value.
        last: u8,
    },
    /// A range that goes downwards.
    #[error("{field} {item} goes backwards: write the lesser value first, or two ranges")]
    Backward {
        /// In which field.
        field: &'static str,
        /// The refused part.
        item: Excerpt,
    },
    /// A step that leads nowhere.
    #[error("the step of {field} {item} leads nowhere: use 1 to {most}")]
    Step {
        /// In which field.
        field: &'static str,
        /// The refused part.
        item: Excerpt,
        /// The longest step of that range.
        most: u8,
    },
    /// No day matches it.
    #[error("cron expression {expression} is never due: none of its months has such a day")]
    NeverDue {
        /// The refused text.
        expression: Excerpt,
    },
}
