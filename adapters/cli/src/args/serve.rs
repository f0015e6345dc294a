use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What a server is told by flags, each over the environment and the file. All are text: they are judged together.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingArgs {
    /// The file of settings; `tenantry.toml` in the current folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen: an address and a port, `127.0.0.1:8080` by default. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<String>,
    /// Answer other machines by plain HTTP: where a proxy in front of it speaks TLS.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) plain_http: Option<String>,
    /// Where people reach it, if not where it listens: `https://tenants.example`.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The file of operators and the digests of their tokens; `operators.toml` in SQLite's folder by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) operators: Option<String>,
    /// How often to note how much tenants have: `1h`, or `off`.
    #[arg(long, value_name = "TIME")]
    pub(crate) sample_usage: Option<String>,
    /// The Redis whose caches operators may count and flush; none by default.
    #[arg(long, value_name = "URL")]
    pub(crate) redis_url: Option<String>,
    /// Answer `/metrics` without asking for a token: by default where it is for this machine alone.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) metrics: Option<String>,
    /// The OpenTelemetry collector that traces are sent to: `http://localhost:4318`; none by default.
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_url: Option<String>,
    /// Print a link to sign in by, once, at the start: by default where it is for this machine alone.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) sign_in_link: Option<String>,
    /// The identity provider that operators sign in by, as it calls itself: `https://id.example.com`; none by default.
    #[arg(long, value_name = "URL")]
    pub(crate) oidc_issuer: Option<String>,
    /// As which client the identity provider knows this server.
    #[arg(long, value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// The file that holds the client's secret alone, unless `TENANTRY_OIDC_CLIENT_SECRET` is it.
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_client_secret_file: Option<String>,
    /// The file of rules that say who of the identity provider's is an operator: nobody, unless it is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_rules: Option<String>,
    /// What the identity provider is asked for besides `openid`: `email`, or `email groups`.
    #[arg(long, value_name = "SCOPES")]
    pub(crate) oidc_scopes: Option<String>,
    /// What the sign-in page calls the identity provider.
    #[arg(long, value_name = "NAME")]
    pub(crate) oidc_name: Option<String>,
    /// Make the tables that are missing: by default on SQLite, and not on PostgreSQL.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) setup: Option<String>,
    /// Yes, provision tenants without tables of their own, although no migrations are named.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) without_tables: Option<String>,
    /// The file that declares which of tenants' tables an operator may look at: none, unless it is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) tables: Option<String>,
    /// The most connections to PostgreSQL.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) pool_size: Option<String>,
    /// What to log: a level, or levels of parts, as `info,tenantry_admin=debug`.
    #[arg(long, value_name = "LEVELS")]
    pub(crate) log: Option<String>,
    /// How to log: `text` or `json`.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// How long `/health/ready` waits for the database: `2s`.
    #[arg(long, value_name = "TIME")]
    pub(crate) ready_timeout: Option<String>,
    /// How long requests may go on after a signal to stop: `30s`.
    #[arg(long, value_name = "TIME")]
    pub(crate) stop_timeout: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows every setting and where it is from, and every mistake. Starts nothing.
    Check(SettingArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Lets somebody in by a token, which is shown once. A server that runs knows it at once.
    Token {
        /// Who it is for, as the audit log names him: `operator:NAME`.
        name: String,
        /// What he may do: `read`, `manage` and `purge`.
        #[arg(long, value_delimiter = ',', default_value = "read,manage")]
        rights: Vec<String>,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Makes a link that lets somebody sign in with a browser, once, within ten minutes.
    Link {
        /// Who it is for, as the audit log names him: `operator:NAME`. He is made if there is none.
        name: String,
        /// What he may do from now on: as before, or `read,manage` for somebody new.
        #[arg(long, value_delimiter = ',')]
        rights: Option<Vec<String>>,
        #[command(flatten)]
        settings: SettingArgs,
    },
    /// Shows who has a token or signs in, and what he may do.
    List(SettingArgs),
    /// Takes somebody's token, links and sessions away. A server that runs refuses them at once.
    Revoke {
        /// Whose.
        name: String,
        #[command(flatten)]
        settings: SettingArgs,
    },
}
