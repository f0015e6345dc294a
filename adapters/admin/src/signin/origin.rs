use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use tenantry::Excerpt;
use tenantry::operators::IssuedLink;

use super::routes::SIGN_IN;

/// Where browsers find the administration: `https://ops.example.com`, or `https://example.com/ops` if it is nested there.
///
/// Only requests that come from a page of this origin change anything. Plain `http` is for this machine alone, since whoever
/// sees a session's cookie go by has the session.
///
/// ```
/// use tenantry_admin::PublicUrl;
///
/// let url: PublicUrl = "https://Example.com:443/ops/".parse()?;
/// assert_eq!(url.to_string(), "https://example.com/ops");
/// assert!("http://127.0.0.1:8080".parse::<PublicUrl>().is_ok());
/// assert!("http://ops.example.com".parse::<PublicUrl>().is_err());
/// # Ok::<(), tenantry_admin::PublicUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    secure: bool,
    origin: String,
    path: String,
    port: u16,
}

impl PublicUrl {
    /// Takes an address.
    ///
    /// # Errors
    /// [`PublicUrlError`].
    pub fn new(text: &str) -> Result<Self, PublicUrlError> {
        let url = Self::of(text)?;
        if url.secure || is_this_machine(url.host()) {
            Ok(url)
        } else {
            Err(PublicUrlError::NotSecure {
                text: Excerpt::of(text),
            })
        }
    }

    /// Takes an address by plain `http`, too: whoever is between a browser and the server can then read and take over every
    /// session. For a network that is trusted as much as the operators are.
    ///
    /// # Errors
    /// [`PublicUrlError`].
    pub fn dangerous_without_tls(text: &str) -> Result<Self, PublicUrlError> {
        Self::of(text)
    }

    /// Whether it is reached by `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The address that a one-time link is given away as.
    ///
    /// The token is in the fragment, which a browser keeps to itself: no server, proxy or log on the way sees it, and whoever
    /// looks the address up beforehand uses nothing up.
    pub fn sign_in(&self, link: &IssuedLink) -> String {
        format!("{self}{SIGN_IN}#{}", link.token.expose())
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn of(text: &str) -> Result<Self, PublicUrlError> {
        let malformed = || PublicUrlError::Malformed {
            text: Excerpt::of(text),
        };
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(malformed());
        };
        let (secure, usual) = match scheme {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return Err(malformed()),
        };
        if uri.query().is_some() || text.contains('#') || authority.as_str().contains('@') {
            return Err(malformed());
        }
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port_u16().unwrap_or(usual);
        // As a browser writes it: without the port that goes without saying.
        let origin = if port == usual {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{port}")
        };
        Ok(Self {
            secure,
            origin,
            path: uri.path().trim_end_matches('/').to_owned(),
            port,
        })
    }

    fn host(&self) -> &str {
        let (_, rest) = self.origin.split_once("://").unwrap_or_default();
        match rest.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => rest,
        }
    }
}

impl fmt::Display for PublicUrl {
    /// Without a slash at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        Self::new(text)
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// A text that can't be a [`PublicUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// It is no such address.
    #[error("{text} isn't an address like https://ops.example.com, without a query or fragment")]
    Malformed {
        /// The refused text.
        text: Excerpt,
    },
    /// Plain http from elsewhere than this machine.
    #[error("{text} would send sessions in the clear: serve it by https, or on loopback")]
    NotSecure {
        /// The refused text.
        text: Excerpt,
    },
    /// One address is by https and another isn't.
    #[error("{text} is by another scheme than the first address: sign in by https alone")]
    SchemesDiffer {
        /// The refused address.
        text: Excerpt,
    },
}

/// Whether a browser says that a page of one of these origins made a request that may change something.
///
/// A request that says nothing of it is refused: every browser that is still kept up says it, and what isn't a browser has no
/// cookie.
pub(super) fn is_own(urls: &[PublicUrl], headers: &HeaderMap) -> bool {
    let mut said = false;
    let mut own = true;
    for value in headers.get_all("sec-fetch-site") {
        said = true;
        own &= value == "same-origin";
    }
    for value in headers.get_all("origin") {
        said = true;
        own &= urls.iter().any(|url| value == url.origin.as_str());
    }
    said && own
}

/// Whether a request that changes nothing may be answered: one that another site's page makes is only if it goes there.
pub(super) fn may_read(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, values: &[&str]| {
        let said = headers.get(name).map(HeaderValue::as_bytes);
        said.is_some_and(|said| values.iter().any(|value| said == value.as_bytes()))
    };
    let elsewhere =
        headers.contains_key("sec-fetch-site") && !is("sec-fetch-site", &["same-origin", "none"]);
    let goes_there = *method == Method::GET
        && is("sec-fetch-mode", &["navigate"])
        && is("sec-fetch-dest", &["document"]);
    !elsewhere || goes_there
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_address_is_by_https_or_on_this_machine() {
        for good in [
            "https://ops.example.com",
            "https://example.com/ops/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
            "http://ops.localhost:1",
        ] {
            assert!(PublicUrl::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
        ] {
            let refused = PublicUrl::new(bad);
            assert!(
                matches!(refused, Err(PublicUrlError::NotSecure { .. })),
                "{bad}"
            );
            assert!(PublicUrl::dangerous_without_tls(bad).is_ok(), "{bad}");
        }
        for bad in [
            "",
            "ops.example.com",
            "/ops",
            "ftp://example.com",
            "https://example.com?x",
            "https://example.com/#x",
            "https://somebody@example.com",
        ] {
            let refused = PublicUrl::new(bad);
            assert!(
                matches!(refused, Err(PublicUrlError::Malformed { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_change_comes_from_a_page_of_the_origin_or_is_refused() {
        let urls = [PublicUrl::new("https://ops.example.com/admin").expect("an address")];
        for own in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://ops.example.com")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://ops.example.com"),
            ],
        ] {
            assert!(is_own(&urls, &headers(own)), "{own:?}");
        }
        for foreign in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "http://ops.example.com")],
            &[("origin", "https://ops.example.com:444")],
            &[("origin", "https://evil.example.com")],
            &[("origin", "https://ops.example.com.evil.example")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example.com"),
            ],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://ops.example.com"),
            ],
            &[
                ("origin", "https://ops.example.com"),
                ("origin", "https://evil.example.com"),
            ],
        ] {
            assert!(!is_own(&urls, &headers(foreign)), "{foreign:?}");
        }
    }

    #[test]
    fn another_sites_page_may_lead_there_and_not_read_it() {
        let navigation = [
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let from = |site, rest: &[(&'static str, &'static str)]| {
            headers(&[&[("sec-fetch-site", site)], rest].concat())
        };
        let get = &Method::GET;
        assert!(may_read(get, &headers(&[])), "an old browser");
        assert!(may_read(get, &from("same-origin", &[])));
        assert!(may_read(get, &from("none", &[])), "typed in");
        assert!(may_read(get, &from("cross-site", &navigation)));
        for site in ["same-site", "cross-site"] {
            assert!(!may_read(get, &from(site, &[])), "{site}");
            let framed = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
            assert!(!may_read(get, &from(site, &framed)), "{site}");
            assert!(!may_read(&Method::HEAD, &from(site, &navigation)));
        }
    }
}
