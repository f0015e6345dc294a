use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, registry};

use super::ServeError;
use crate::config::{Config, LogFormat};

/// What takes spans beside the log.
type Traces = Box<dyn Layer<Registry> + Send + Sync>;

/// Writes what happens to standard error from now on.
pub(super) fn begin(config: &Config, traces: Option<Traces>) -> Result<(), ServeError> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    registry()
        .with(traces)
        .with(lines.with_filter(config.log.clone()))
        .try_init()?;
    Ok(())
}
