use crate::Excerpt;

use super::CronError;

/// One of the five fields: which values there are, and what they may be called.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) what: &'static str,
    pub(super) first: u8,
    pub(super) last: u8,
    /// Names of values, from `first` on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) const MINUTE: Field = Field::numbered("minute", 0, 59);
pub(super) const HOUR: Field = Field::numbered("hour", 0, 23);
pub(super) const DAY_OF_MONTH: Field = Field::numbered("day of month", 1, 31);
pub(super) const MONTH: Field = Field {
    names: &MONTHS,
    ..Field::numbered("month", 1, 12)
};
/// 7 is Sunday, as 0 is.
pub(super) const DAY_OF_WEEK: Field = Field {
    names: &DAYS,
    ..Field::numbered("day of week", 0, 7)
};

const SUNDAY_AGAIN: u8 = 7;

impl Field {
    const fn numbered(what: &'static str, first: u8, last: u8) -> Self {
        Self {
            what,
            first,
            last,
            names: &[],
        }
    }

    /// The values that `text` stands for, each a bit.
    pub(super) fn values(&self, text: &str) -> Result<u64, CronError> {
        let mut values = 0;
        for item in text.split(',') {
            values |= self.item(item)?;
        }
        if self.has_sunday_twice() && values & (1 << SUNDAY_AGAIN) != 0 {
            values = values & !(1 << SUNDAY_AGAIN) | 1;
        }
        Ok(values)
    }

    fn item(&self, item: &str) -> Result<u64, CronError> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => self.range(item, from, to)?,
            None if range == "*" => (self.first, self.last_different()),
            None if step.is_some() => return Err(self.unreadable(item)),
            None => {
                let value = self.value(item, range)?;
                (value, value)
            }
        };
        let step = match step {
            Some(step) => self.step(item, step, (to - from).max(1))?,
            None => 1,
        };
        Ok((from..=to)
            .step_by(usize::from(step))
            .fold(0, |values, value| values | 1 << value))
    }

    /// A week that ends on a Sunday may be written so.
    fn range(&self, item: &str, from: &str, to: &str) -> Result<(u8, u8), CronError> {
        let (from, mut to) = (self.value(item, from)?, self.value(item, to)?);
        if self.has_sunday_twice() && to == 0 && from > 0 {
            to = SUNDAY_AGAIN;
        }
        if from > to {
            return Err(CronError::Backward {
                field: self.what,
                item: Excerpt::of(item),
            });
        }
        Ok((from, to))
    }

    fn value(&self, item: &str, text: &str) -> Result<u8, CronError> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let value = match named.and_then(|index| u8::try_from(index).ok()) {
            Some(index) => self.first + index,
            None => number(text).ok_or_else(|| self.unreadable(item))?,
        };
        if value < self.first || value > self.last {
            return Err(CronError::OutOfRange {
                field: self.what,
                item: Excerpt::of(item),
                first: self.first,
                last: self.last,
            });
        }
        Ok(value)
    }

    fn step(&self, item: &str, text: &str, most: u8) -> Result<u8, CronError> {
        let step = number(text).ok_or_else(|| self.unreadable(item))?;
        if step == 0 || step > most {
            return Err(CronError::Step {
                field: self.what,
                item: Excerpt::of(item),
                most,
            });
        }
        Ok(step)
    }

    fn has_sunday_twice(&self) -> bool {
        self.last == SUNDAY_AGAIN
    }

    fn last_different(&self) -> u8 {
        if self.has_sunday_twice() {
            SUNDAY_AGAIN - 1
        } else {
            self.last
        }
    }

    fn unreadable(&self, item: &str) -> CronError {
        CronError::Unreadable {
            field: self.what,
            item: Excerpt::of(item),
        }
    }
}

/// One to three digits, and nothing else. What doesn't fit is larger than any value.
fn number(text: &str) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u8::MAX))
}
