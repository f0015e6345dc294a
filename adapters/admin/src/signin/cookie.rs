//! Cookies that hold a secret.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::PublicUrl;

/// A cookie's name, and how it is sent.
#[derive(Clone, Debug)]
pub(super) struct Cookie {
    name: String,
    secure: bool,
}

impl Cookie {
    /// By https its name makes browsers take it from this host alone, for all of its paths: a neighbour in the same domain
    /// can't set it. On one machine, what is told apart by the port alone shares its cookies: so the name has it.
    pub(super) fn new(purpose: &str, url: &PublicUrl) -> Self {
        let secure = url.is_secure();
        let name = if secure {
            format!("__Host-tenantry_{purpose}")
        } else {
            format!("tenantry_{purpose}_{}", url.port())
        };
        Self { name, secure }
    }

    #[cfg(feature = "oidc")]
    pub(super) fn of_all(purpose: &str, urls: &[PublicUrl]) -> Self {
        // There is always a first.
        match urls.first() {
            Some(url) => Self::new(purpose, url),
            None => Self {
                name: format!("__Host-tenantry_{purpose}"),
                secure: true,
            },
        }
    }

    /// What the browser sent, unless it sent several: which of them counts, nobody could say.
    pub(super) fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(COOKIE).iter();
        let mut values = cookies
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The header that sets it, for so many seconds. No log shows it.
    pub(super) fn set(&self, value: &str, seconds: i64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
            self.name
        );
        // Names and values are of hexadecimal digits and letters.
        let mut header = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }

    /// The header that takes it away.
    pub(super) fn clear(&self) -> HeaderValue {
        self.set("", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(url: &str) -> Cookie {
        Cookie::new("session", &PublicUrl::new(url).expect("an address"))
    }

    #[test]
    fn by_https_it_is_bound_to_the_host_and_never_in_the_clear() {
        let header = cookie("https://ops.example.com").set("x", 60);
        assert_eq!(
            header.to_str().expect("text"),
            "__Host-tenantry_session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(!format!("{header:?}").contains("session"), "{header:?}");
        let header = cookie("http://127.0.0.1:8080").set("x", 60);
        assert_eq!(
            header.to_str().expect("text"),
            "tenantry_session_8080=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn of_two_none_counts() {
        let cookie = cookie("http://127.0.0.1:80");
        let mut headers = HeaderMap::new();
        assert_eq!(cookie.read(&headers), None);
        let sent = "a=b; tenantry_session_80=one; tenantry_session_8080=other";
        headers.append(COOKIE, HeaderValue::from_static(sent));
        assert_eq!(cookie.read(&headers), Some("one"));
        headers.append(COOKIE, HeaderValue::from_static("tenantry_session_80=two"));
        assert_eq!(cookie.read(&headers), None);
    }
}
