use super::HEADER;
use super::harness::{PATH_PREFIX, UserToken, subdomain};
use crate::{Violation, ensure, ensure_eq};
use tenantry::Slug;

/// A request, as a client writes it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What the `Host` header says; without one, there is none.
    pub host: Option<String>,
    /// The path.
    pub path: String,
    /// The other headers, in order. A name may be there more than once.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Asked {
    /// A request of the root for a host.
    pub(super) fn at(host: &str) -> Self {
        Self {
            host: Some(host.into()),
            path: "/".into(),
            headers: Vec::new(),
        }
    }

    /// A request of the root for a tenant's subdomain.
    pub(super) fn of(slug: &Slug) -> Self {
        Self::at(&subdomain(slug))
    }

    /// A request at the base domain, of what the path says is a tenant's.
    pub(super) fn under(slug: &str, rest: &str) -> Self {
        Self::at("example.com").path(&format!("{PATH_PREFIX}/{slug}{rest}"))
    }

    pub(super) fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }

    pub(super) fn named(self, value: &(impl ToString + ?Sized)) -> Self {
        self.header(HEADER, value.to_string().into_bytes())
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(super) fn with(self, harness: &impl super::RequestHarness, token: &UserToken) -> Self {
        self.bearer(&harness.token(token))
    }
}

/// What a handler saw of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The mark that it read from the rows of the request's tenant; `None` if the request has none.
    pub mark: Option<String>,
    /// The tenant's display name; `None` if the request has none.
    pub name: Option<String>,
    /// The path as the handler got it.
    pub path: String,
}

impl Seen {
    /// The body of a handler's answer.
    pub fn to_json(&self) -> String {
        let Self { mark, name, path } = self;
        serde_json::json!({ "mark": mark, "name": name, "path": path }).to_string()
    }

    fn of_json(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let optional = |field: &str| value[field].as_str().map(str::to_owned);
        Some(Self {
            mark: optional("mark"),
            name: optional("name"),
            path: optional("path")?,
        })
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status; 0 if the connection ended without any.
    pub status: u16,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// What the handler saw, if the request came through.
    #[track_caller]
    pub(super) fn seen(&self) -> Result<Seen, Violation> {
        ensure_eq!(self.status, 200, "the status of {self:?}");
        Seen::of_json(&self.body)
            .ok_or_else(|| Violation::new(format!("the handler's answer can't be read: {self:?}")))
    }

    /// Whose mark came back.
    #[track_caller]
    pub(super) fn mark(&self) -> Result<Option<String>, Violation> {
        Ok(self.seen()?.mark)
    }

    /// The status and the reason of a problem document, which has to be one.
    #[track_caller]
    pub(super) fn problem(&self) -> Result<(u16, String), Violation> {
        ensure_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "the type of {self:?}"
        );
        let problem: serde_json::Value = serde_json::from_str(&self.body)
            .map_err(|error| Violation::new(format!("{error} in {self:?}")))?;
        ensure_eq!(problem["status"], self.status, "the status within {self:?}");
        ensure!(problem["title"].is_string(), "no title in {self:?}");
        let reason = problem["reason"].as_str();
        let reason = reason.ok_or_else(|| Violation::new(format!("no reason in {self:?}")))?;
        Ok((self.status, reason.into()))
    }
}

/// A problem that is expected.
pub(super) fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.into())
}
