//! How much tenants have, now and over time.

mod failing;
mod overview;
mod tenant;

pub(super) use overview::overview;
pub(super) use tenant::of_tenant;

/// One figure by itself.
struct Tile {
    label: &'static str,
    value: String,
}

impl Tile {
    fn new(label: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self { label, value }
    }
}

/// How much of `whole` there is, in whole per cent: something is at least one.
fn percent(part: u64, whole: u64) -> u64 {
    if part == 0 || whole == 0 {
        return 0;
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    u64::try_from(percent).unwrap_or(100).clamp(1, 100)
}
