//! Texts of settings, judged. What is said of them shows no secret.

use std::net::SocketAddr;
use std::time::Duration;

use tenantry_admin::PublicUrl;
use tracing_subscriber::filter::Targets;

pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("it is true or false".to_owned()),
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "it is no address with a port: use 127.0.0.1:8080 or [::1]:8080, say".to_owned()
    })
}

pub(super) fn pool_size(text: &str) -> Result<u32, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (2..=1_000).contains(number));
    number.ok_or_else(|| "it is a number from 2 to 1000".to_owned())
}

/// A number and its unit. Zero is none: nothing would have time to be done.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_hours(1);
    let time = number_and_unit(text).filter(|time| *time <= longest);
    time.ok_or_else(|| "it is a time of at most an hour, as 500ms, 30s or 2m".to_owned())
}

/// How often something is done, if it is. Never more than once in a minute, so that it doesn't become what the server does.
pub(super) fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    let (shortest, longest) = (Duration::from_mins(1), Duration::from_hours(24 * 7));
    let time = number_and_unit(text).filter(|time| (shortest..=longest).contains(time));
    time.map(Some)
        .ok_or_else(|| "it is off, or a time from 1m to 168h, as 15m or 1h".to_owned())
}

fn number_and_unit(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse::<u32>().ok()?.into();
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_mins(number),
        "h" => Duration::from_hours(number),
        _ => return None,
    };
    (!time.is_zero()).then_some(time)
}

#[cfg(feature = "redis")]
pub(super) fn redis(text: &str) -> Result<tenantry_redis::RedisSettings, String> {
    tenantry_redis::RedisSettings::new(text).map_err(|error| error.to_string())
}

#[cfg(not(feature = "redis"))]
pub(super) fn redis(_: &str) -> Result<(), String> {
    Err("this build knows no Redis: build the command with --features redis".to_owned())
}

/// A collector's base URL. It is shown, so that no password may be in it.
#[cfg(feature = "otlp")]
pub(super) fn otlp(text: &str) -> Result<String, String> {
    if text.contains('@') {
        return Err(
            "it holds a name or a password: give headers by OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
        );
    }
    let host = text.strip_prefix("http://").filter(|host| !host.is_empty());
    host.map(|_| text.to_owned()).ok_or_else(|| {
        "it is no http URL: traces are sent without TLS, to a collector beside this server, as http://localhost:4318"
            .to_owned()
    })
}

#[cfg(not(feature = "otlp"))]
pub(super) fn otlp(_: &str) -> Result<(), String> {
    Err("this build sends no traces: build the command with --features otlp".to_owned())
}

/// Where people reach the server: by `https`, or on this machine, unless sessions in the clear were asked for.
pub(super) fn public_url(text: &str, in_the_clear: bool) -> Result<PublicUrl, String> {
    let url = if in_the_clear {
        PublicUrl::dangerous_without_tls(text)
    } else {
        PublicUrl::new(text)
    };
    let url = url.map_err(|error| error.to_string())?;
    if url.to_string().matches('/').count() > 2 {
        return Err("it has a path: the server has a host of its own".to_owned());
    }
    Ok(url)
}

pub(super) fn levels(text: &str) -> Result<Targets, String> {
    let levels = text.parse::<Targets>().ok();
    // A word that is no level is a part with all that it says: a typing error would silence everything else.
    let levels = levels.filter(|levels| levels.default_level().is_some());
    levels.ok_or_else(|| {
        "it names no level for everything: use error, warn, info, debug or trace, or some of parts beside one, as \
         info,tenantry_admin=debug"
            .to_owned()
    })
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("it is text or json".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_a_limit() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(time("2m"), Ok(Duration::from_mins(2)));
        for refused in ["", "s", "30", "0s", "61m", "-1s", "1.5s", "2h", "30 s"] {
            assert!(time(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_public_url_is_a_host_by_https_unless_the_clear_was_asked_for() {
        for in_the_clear in [false, true] {
            for text in ["https://tenants.example", "http://[::1]:8080/"] {
                assert!(public_url(text, in_the_clear).is_ok(), "{text}");
            }
            for refused in ["tenants.example", "https://tenants.example/admin", ""] {
                assert!(public_url(refused, in_the_clear).is_err(), "{refused}");
            }
            let plain = public_url("http://tenants.example", in_the_clear);
            assert_eq!(plain.is_ok(), in_the_clear);
        }
    }

    #[test]
    fn an_interval_is_off_or_between_a_minute_and_a_week() {
        assert_eq!(interval("off"), Ok(None));
        assert_eq!(interval("168h"), Ok(Some(Duration::from_hours(168))));
        for refused in ["", "never", "59s", "169h", "0m"] {
            assert!(interval(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn levels_are_of_everything_or_of_parts() {
        assert!(levels("info").is_ok() && levels("warn,tenantry_admin=debug").is_ok());
        for refused in ["info,tenantry_admin=loud", "loud", "tenantry_admin=debug"] {
            assert!(levels(refused).is_err(), "{refused}");
        }
    }
}
