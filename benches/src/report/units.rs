//! Numbers as people read them.

/// A time with three digits and its unit.
pub(super) fn time(nanoseconds: f64) -> String {
    let units = [(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
    let (size, unit) = units
        .into_iter()
        // From 999.5 on, three digits are the next unit's.
        .find(|(size, _)| nanoseconds / size < 999.5)
        .unwrap_or((1e9, "s"));
    let number = nanoseconds / size;
    let digits = match number {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {unit}")
}

/// How many a second, without a digit more than anybody believes.
pub(super) fn rate(per_second: f64) -> String {
    format!("{per_second:.0}")
}

/// A part of the whole, in percent.
pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent < 0.05 {
        return "< 0.1 %".into();
    }
    let digits = usize::from(percent < 9.95);
    format!("{percent:.digits$} %")
}

/// A multiple of the floor.
pub(super) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "52 bits of nanoseconds are 52 days"
)]
pub(super) fn number(nanoseconds: u64) -> f64 {
    nanoseconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_unit_that_fits() {
        let shown = [0.0, 7.25, 412.0, 999.6, 38_140.0, 2_310_000.0, 4.2e9, 1e13].map(time);
        let expected = [
            "0.00 ns", "7.25 ns", "412 ns", "1.00 µs", "38.1 µs", "2.31 ms", "4.20 s", "10000 s",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_small_part_is_never_shown_as_nothing() {
        let shown = [0.000_1, 0.003, 0.0997, 0.5, 1.25].map(percent);
        assert_eq!(shown, ["< 0.1 %", "0.3 %", "10 %", "50 %", "125 %"]);
    }
}
