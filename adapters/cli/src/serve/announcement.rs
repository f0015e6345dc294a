use std::net::SocketAddr;

use serde_json::json;
use tracing::info;

use crate::config::{Config, shown};
use crate::error::CliError;
use crate::output::Output;

/// What is said when the server is there.
pub(super) struct Announcement<'c> {
    config: &'c Config,
    address: SocketAddr,
}

impl<'c> Announcement<'c> {
    pub(super) fn new(config: &'c Config, address: SocketAddr) -> Self {
        Self { config, address }
    }

    pub(super) fn print(&self, output: &mut Output) -> Result<(), CliError> {
        let url = match &self.config.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", self.address),
        };
        let database = shown(&self.config.database);
        info!(address = %self.address, %database, "listening");
        let text = format!("listening on {url} ({database}); the API is at {url}/api");
        let value = json!({ "url": url, "address": self.address, "database": database });
        output.answer(&text, &value)
    }
}
