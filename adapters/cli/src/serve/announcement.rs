use std::net::SocketAddr;

use serde_json::json;
use tenantry::operators::IssuedLink;
use tenantry_admin::PublicUrl;

use crate::error::CliError;
use crate::output::Output;

/// What is said when the server is there. It goes to standard output alone: a log is read by others, and kept.
pub(super) struct Announcement {
    pub(super) url: PublicUrl,
    pub(super) address: SocketAddr,
    pub(super) database: String,
    pub(super) link: Option<IssuedLink>,
}

impl Announcement {
    pub(super) fn print(&self, output: &mut Output) -> Result<(), CliError> {
        let Self {
            url,
            address,
            database,
            link,
        } = self;
        let link = link
            .as_ref()
            .map(|link| (url.sign_in(link), link.expires_at));
        if output.is_json() {
            let (sign_in, until) = link.unzip();
            return output.value(&json!({
                "url": url.to_string(),
                "address": address,
                "database": database,
                "sign_in": sign_in,
                "sign_in_until": until,
            }));
        }
        output.heading(&format!("The administration is at {url}"))?;
        output.aside(&format!(
            "on {address}, with {database}; the API is at {url}/api"
        ))?;
        match link {
            Some((link, until)) => {
                output.heading("Sign in, once:")?;
                let until = until.format("%H:%M UTC");
                output.good(&format!("{link}  (until {until})"))
            }
            None => output.aside("tenantry operator link NAME makes a link to sign in by"),
        }
    }
}
