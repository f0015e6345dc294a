//! `tenantry serve`: the administration as a server.

mod announcement;
mod app;
mod connections;
mod door;
mod health;
mod logs;
mod metrics;
mod moving;
mod optional;
mod sampling;
mod stop;
mod stores;
#[cfg(feature = "otlp")]
mod traces;

use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tracing::{info, warn};

use self::announcement::Announcement;
use self::connections::Connections;
pub(crate) use self::door::{LinkError, url_of};
use self::health::Health;
use self::stop::Stop;
pub(crate) use self::stores::Stores;
use crate::args::{Global, SettingArgs};
use crate::config::{Config, For, Reading, shown};
use crate::error::CliError;
use crate::operators::{OperatorFile, Operators, OperatorsError};
use crate::output::Output;

/// Serves until a signal says to stop.
pub(crate) fn run(
    global: &Global,
    args: &SettingArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let Reading {
        file,
        entries: _,
        config,
    } = Reading::of_process(global, args, For::Server);
    let config = config?;
    #[cfg(feature = "otlp")]
    let traces = traces::Traces::of(&config)?;
    #[cfg(feature = "otlp")]
    logs::begin(&config, traces.layer())?;
    #[cfg(not(feature = "otlp"))]
    logs::begin(&config, None)?;
    if let Some(file) = file {
        info!(file = %file.display(), "settings were read from a file");
    }
    let stores = Stores::ready(&config)?;
    if let Some(folder) = &config.migrations {
        info!(folder = %folder.display(), "new tenants get the tables of these migrations");
    } else {
        warn!("no migrations are named: new tenants get a place of their own without tables in it");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::System)?;
    let served = runtime.block_on(serve(&config, stores, output));
    // Work that outlived the deadline is left: what is on the database is done as a whole or not at all.
    runtime.shutdown_background();
    #[cfg(feature = "otlp")]
    traces.end();
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config, stores: Stores, output: &mut Output) -> Result<(), CliError> {
    let stop = Stop::on_signals().map_err(CliError::System)?;
    let tokens = operators(config)?;
    let listener = TcpListener::bind(config.bind)
        .await
        .map_err(|source| ServeError::Bind {
            address: config.bind,
            source,
        })?;
    let address = listener.local_addr().map_err(CliError::System)?;
    let operators = stores.operators();
    let sign_in = door::sign_in(config, operators.clone(), address)
        .map_err(LinkError::from)
        .map_err(ServeError::from)?;
    #[cfg(feature = "oidc")]
    let sign_in = door::with_provider(config, sign_in)?;
    let health = Health::new(stores.tenants(), config.ready_timeout, stop.clone());
    let app = app::router(config, &stores, Arc::new(tokens), sign_in, health)?;
    let mut link = None;
    if config.sign_in_link {
        let made = door::link_for_starter(&operators).await;
        link = Some(made.map_err(ServeError::from)?);
    }
    door::keep_tidy(operators);
    if let Some(every) = config.sample_usage {
        sampling::begin(stores.sampler(), every);
    }
    let database = shown(&config.database);
    info!(%address, %database, "listening");
    let url = door::url_of(config, address)
        .map_err(LinkError::from)
        .map_err(ServeError::from)?;
    let announcement = Announcement {
        url,
        address,
        database,
        link,
    };
    announcement.print(output)?;
    let connections = Connections::new(app);
    connections.serve(listener, &stop).await;
    info!("no new connections are taken: requests that run may end");
    connections.end(config.stop_timeout, &stop).await;
    Ok(())
}

fn operators(config: &Config) -> Result<Operators, OperatorsError> {
    let file = config.operators.clone().map(OperatorFile::new);
    let operators = Operators::new(config.operator_token.as_ref(), file)?;
    if operators.are_nobody() {
        info!("nobody has a token yet: tenantry operator token NAME makes one");
    }
    Ok(operators)
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("{address} can't be listened on: give another by --bind, or port 0 for a free one")]
    Bind {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("the administration can't be put together")]
    Admin(#[from] tenantry_admin::AdminError),
    #[error("tables are missing in the database: run tenantry setup --jobs, or serve with --setup")]
    NotSetUp(#[source] tenantry::BoxError),
    #[error("nobody can sign in")]
    Link(#[from] LinkError),
    #[cfg(feature = "oidc")]
    #[error("nobody can sign in by the identity provider")]
    Oidc(#[from] tenantry_admin::OidcError),
    #[cfg(feature = "otlp")]
    #[error("traces can't be sent")]
    Otlp(#[from] tenantry_telemetry::otlp::OtlpError),
    #[error("there are no connections to PostgreSQL with these settings")]
    Pool(#[from] tenantry_postgres::PoolSettingsError),
    #[error("a log is written already")]
    Log(#[from] tracing_subscriber::util::TryInitError),
}
