use std::str::FromStr;
use std::time::Duration;

use tenantry::Excerpt;

/// How long something is past: `30d`, `12h`, `45m`, `10s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) Duration);

/// A text that is no [`Age`].
#[derive(Debug, thiserror::Error)]
#[error("{text} is no age: write a whole number and d, h, m or s, such as 30d")]
pub(crate) struct AgeError {
    text: Excerpt,
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let refused = || AgeError {
            text: Excerpt::of(text),
        };
        let seconds = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
        let (number, unit) = seconds
            .into_iter()
            .find_map(|(letter, seconds)| Some((text.strip_suffix(letter)?, seconds)))
            .ok_or_else(refused)?;
        let number: u32 = number.parse().map_err(|_| refused())?;
        Ok(Self(Duration::from_secs(u64::from(number) * unit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_with_its_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("2m", 120), ("0s", 0)] {
            assert_eq!(
                text.parse::<Age>().unwrap(),
                Age(Duration::from_secs(seconds))
            );
        }
        for refused in ["", "30", "d", "-1d", "1.5h", "30 d", "1w", "99999999999d"] {
            assert!(refused.parse::<Age>().is_err(), "{refused}");
        }
    }
}
