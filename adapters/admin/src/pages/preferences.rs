//! What a visitor prefers, in a cookie that says nothing about them.

use std::fmt;

use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::form::Form;
use super::visit::Visit;

const COOKIE_NAME: &str = "tenantry_theme";
const A_YEAR: u32 = 31_536_000;

/// The colours of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the visitor's system has them.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [(&'static str, &'static str); 3] =
        [("system", "System"), ("light", "Light"), ("dark", "Dark")];

    pub(super) fn of_cookie(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(COOKIE).iter();
        cookies
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE_NAME)
            .map_or_else(Self::default, |(_, value)| Self::of(value))
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Keeps the chosen colours, and goes back to the page that they were chosen on.
pub(super) async fn choose(visit: Visit, form: Form) -> Result<Response, Failure> {
    let theme = Theme::of(form.text("theme"));
    let cookie = format!(
        "{COOKIE_NAME}={theme}; Path={}; Max-Age={A_YEAR}; SameSite=Lax; HttpOnly",
        visit.base
    );
    let target = visit.back(form.text("back"));
    let headers = [(SET_COOKIE, cookie), (LOCATION, target)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
