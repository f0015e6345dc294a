//! Values as people read them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tenantry::TenantStatus;
use tenantry::usage::RowCount;

/// The tone of a status: what its chip looks like.
pub(super) fn tone_of(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Pending => "wait",
        TenantStatus::Active => "good",
        TenantStatus::Suspended => "warn",
        TenantStatus::Deleted => "gone",
    }
}

/// `2026-11-25`
pub(super) fn day(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// `2026-11-25 02:41:31 UTC`
pub(super) fn moment(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1,234,567`
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,234`, `about 1,234`, `unknown`
pub(super) fn rows(rows: RowCount) -> String {
    match rows {
        RowCount::Exact(number) => count(number),
        RowCount::Estimate(number) => format!("about {}", count(number)),
        RowCount::Unknown => "unknown".into(),
    }
}

/// `1.23 MB`: three digits, in steps of a thousand.
pub(super) fn bytes(number: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let Some((step, name)) = STEPS.into_iter().find(|(step, _)| number >= *step) else {
        return format!("{number} B");
    };
    let (whole, rest) = (number / step, number % step);
    match whole {
        0..10 => format!("{whole}.{:02} {name}", rest * 100 / step),
        10..100 => format!("{whole}.{} {name}", rest * 10 / step),
        _ => format!("{} {name}", count(whole)),
    }
}

/// `1,234 ms`, or `0.52 ms` of what is shorter than ten.
pub(super) fn milliseconds(time: Duration) -> String {
    match time.as_millis() {
        0..10 => {
            let hundredths = time.as_micros() / 10;
            format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
        }
        long => format!("{} ms", count(u64::try_from(long).unwrap_or(u64::MAX))),
    }
}

/// `98.2 %`, or a dash of nothing.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let thousandths = u128::from(part) * 1_000 / u128::from(whole);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
        for (number, text) in [
            (999, "999 B"),
            (1_000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999 kB"),
            (1_234_567_890, "1.23 GB"),
            (u64::MAX, "18,446,744 TB"),
        ] {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(milliseconds(Duration::from_micros(527)), "0.52 ms");
        assert_eq!(milliseconds(Duration::from_millis(1_234)), "1,234 ms");
        assert_eq!(share(0, 0), "–");
        assert_eq!(share(2, 3), "66.6 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
        assert_eq!(rows(RowCount::Estimate(1_000)), "about 1,000");
    }
}
