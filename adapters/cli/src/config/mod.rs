//! What a server is told: by a file, by the environment and by flags, each over the one before.

mod check;
mod file;
mod given;
#[cfg(feature = "oidc")]
mod identities;
mod mistake;
mod oidc;
mod reader;
mod setting;
mod tables;
mod value;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tenantry::tables::TableCatalogue;
use tenantry_admin::{OperatorToken, PublicUrl};
use tracing_subscriber::filter::Targets;

use self::given::Layers;
use self::reader::{Reader, Wrong};
use self::setting::Setting;
use crate::args::{Global, SettingArgs};
use crate::database::Url;

pub(crate) use check::run as run_command;
pub(crate) use file::line_of;
pub(crate) use mistake::Mistakes;
pub(crate) use reader::Entry;
pub(crate) use value::LogFormat;

/// The folder of SQLite files that is used where no database is named.
const USUAL_DATABASE: &str = "sqlite:./tenantry-data";
const USUAL_ADDRESS: &str = "127.0.0.1:8080";

/// Settings that fit each other.
pub(crate) struct Config {
    pub(crate) database: Url,
    pub(crate) migrations: Option<PathBuf>,
    pub(crate) tables: Option<TableCatalogue>,
    pub(crate) setup: bool,
    pub(crate) pool_size: u32,
    pub(crate) bind: SocketAddr,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) operators: Option<PathBuf>,
    pub(crate) operator_token: Option<OperatorToken>,
    pub(crate) sign_in_link: bool,
    #[cfg(feature = "oidc")]
    pub(crate) oidc: Option<oidc::Oidc>,
    pub(crate) sample_usage: Option<Duration>,
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<tenantry_redis::RedisSettings>,
    pub(crate) metrics: bool,
    #[cfg(feature = "otlp")]
    pub(crate) otlp: Option<String>,
    pub(crate) log: Targets,
    pub(crate) log_format: LogFormat,
    pub(crate) ready_timeout: Duration,
    pub(crate) stop_timeout: Duration,
}

/// What was said, what of it counts, and what is wrong with it.
pub(crate) struct Reading {
    pub(crate) file: Option<PathBuf>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) config: Result<Config, Mistakes>,
}

/// For whom settings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// A server, which needs all of them.
    Server,
    /// A command about operators: it makes no tenant, and taking a leaked token away mustn't wait for a folder of migrations.
    Operators,
}

impl Reading {
    /// Reads the file, this process's environment, and the flags.
    pub(crate) fn of_process(global: &Global, args: &SettingArgs, whom: For) -> Self {
        let environment: Vec<_> = std::env::vars_os().collect();
        Self::of(global, args, &environment, whom)
    }

    fn of(
        global: &Global,
        args: &SettingArgs,
        environment: &[(OsString, OsString)],
        whom: For,
    ) -> Self {
        let (mut layers, mut mistakes) = (Layers::default(), Mistakes::default());
        let named = args.config.clone().or_else(|| {
            let named = environment
                .iter()
                .find(|(name, _)| name == "TENANTRY_CONFIG");
            named
                .map(|(_, value)| value.into())
                .filter(|file: &PathBuf| !file.as_os_str().is_empty())
        });
        let file = file::find(named);
        if let Some(file) = &file {
            file::read(file, &mut layers, &mut mistakes);
        }
        layers.add_environment(environment, &mut mistakes);
        layers.add_flags(global, args, environment);
        let mut reader = Reader::new(&layers, mistakes);
        let config = Config::read(&mut reader, whom);
        let (entries, mistakes) = reader.into_parts();
        Self {
            file,
            entries,
            config: match config {
                Ok(config) if mistakes.is_empty() => Ok(config),
                _ => Err(mistakes),
            },
        }
    }
}

impl Config {
    /// Judges every setting, also when one is wrong.
    fn read(reader: &mut Reader<'_>, whom: For) -> Result<Self, Wrong> {
        let database = reader.read(Setting::DatabaseUrl, USUAL_DATABASE, url, |url, _| {
            shown(url)
        });
        let folder = match &database {
            Ok(Url::Sqlite(folder)) => Some(folder.clone()),
            _ => None,
        };
        let on_sqlite = folder.is_some();
        let migrations = reader.optional(Setting::Migrations, "none", existing_folder, as_given);
        let without_tables = reader.read(
            Setting::WithoutTables,
            truth_of(on_sqlite && !reader.is_given(Setting::Migrations)),
            value::truth,
            as_given,
        );
        let tables = reader.optional(Setting::Tables, "none", tables_of, as_given);
        let setup = reader.read(Setting::Setup, truth_of(on_sqlite), value::truth, as_given);
        let pool_size = reader.read(Setting::PoolSize, "10", value::pool_size, as_given);
        let bind = reader.read(Setting::Bind, USUAL_ADDRESS, value::address, as_given);
        let plain_http = reader.read(Setting::PlainHttp, "false", value::truth, as_given);
        let public_url = reader.optional(
            Setting::PublicUrl,
            "where it listens",
            |text| value::public_url(text, plain_http == Ok(true)),
            as_given,
        );
        let for_this_machine =
            bind.is_ok_and(|bind| bind.ip().is_loopback()) && !reader.is_given(Setting::PublicUrl);
        let sign_in_link = reader.read(
            Setting::SignInLink,
            truth_of(for_this_machine),
            value::truth,
            as_given,
        );
        let usual_operators = folder.map(|folder| folder.join("operators.toml"));
        let operators = reader.optional(
            Setting::Operators,
            &usual_operators
                .as_deref()
                .map_or("none".into(), |file| file.display().to_string()),
            |text| Ok(PathBuf::from(text)),
            as_given,
        );
        let operator_token = reader.optional(Setting::OperatorToken, "none", token, hidden);
        #[cfg(feature = "oidc")]
        let oidc = oidc::read(reader);
        #[cfg(not(feature = "oidc"))]
        oidc::refuse(reader);
        let sample_usage = reader.read(Setting::SampleUsage, "1h", value::interval, as_given);
        // In a build without Redis it is only ever a mistake, which the reader has.
        let redis = reader.optional(Setting::RedisUrl, "none", value::redis, hidden);
        #[cfg(not(feature = "redis"))]
        let _ = redis;
        let metrics = reader.read(
            Setting::Metrics,
            truth_of(for_this_machine),
            value::truth,
            as_given,
        );
        let otlp = reader.optional(Setting::OtlpUrl, "none", value::otlp, as_given);
        #[cfg(not(feature = "otlp"))]
        let _ = otlp;
        let log = reader.read(Setting::Log, "info", value::levels, as_given);
        let log_format = reader.read(Setting::LogFormat, "text", value::log_format, as_given);
        let ready_timeout = reader.read(Setting::ReadyTimeout, "2s", value::time, as_given);
        let stop_timeout = reader.read(Setting::StopTimeout, "30s", value::time, as_given);

        check_reach(reader, bind, plain_http, &public_url);
        if database.is_ok() && whom == For::Server {
            check_tables(reader, &migrations, without_tables);
        }
        Ok(Self {
            database: database?,
            migrations: migrations?,
            tables: tables?,
            setup: setup?,
            pool_size: pool_size?,
            bind: bind?,
            public_url: public_url?,
            operators: operators?.or(usual_operators),
            operator_token: operator_token?,
            sign_in_link: sign_in_link?,
            #[cfg(feature = "oidc")]
            oidc: oidc?,
            sample_usage: sample_usage?,
            #[cfg(feature = "redis")]
            redis: redis?,
            metrics: metrics?,
            #[cfg(feature = "otlp")]
            otlp: otlp?,
            log: log?,
            log_format: log_format?,
            ready_timeout: ready_timeout?,
            stop_timeout: stop_timeout?,
        })
    }
}

/// Whether it is known who reaches the server, and how.
fn check_reach(
    reader: &mut Reader<'_>,
    bind: Result<SocketAddr, Wrong>,
    plain_http: Result<bool, Wrong>,
    public_url: &Result<Option<PublicUrl>, Wrong>,
) {
    if let (Ok(bind), Ok(false)) = (bind, plain_http)
        && !bind.ip().is_loopback()
    {
        reader.mistaken(
            Setting::Bind,
            "others reach it there, and tokens would travel in the clear: put a proxy with TLS in front, and say \
             plain_http",
        );
    }
    if let (Ok(bind), Ok(None)) = (bind, public_url)
        && !bind.ip().is_loopback()
    {
        reader.mistaken(
            Setting::PublicUrl,
            "where others reach it isn't known: say it, as https://tenants.example",
        );
    }
}

/// Whether new tenants get the tables that they should.
fn check_tables(
    reader: &mut Reader<'_>,
    migrations: &Result<Option<PathBuf>, Wrong>,
    without_tables: Result<bool, Wrong>,
) {
    if let (Ok(migrations), Ok(without_tables)) = (migrations, without_tables) {
        match (migrations, without_tables) {
            (Some(_), true) => reader.mistaken(
                Setting::WithoutTables,
                "migrations are named, too: name none, or let tenants have tables",
            ),
            (None, false) => reader.mistaken(
                Setting::Migrations,
                "none are named, and every new tenant would lack its tables: name a folder, or say without_tables",
            ),
            _ => {}
        }
    }
}

fn hidden<T>(_: &T, _: &str) -> String {
    "(hidden)".to_owned()
}

fn as_given<T>(_: &T, text: &str) -> String {
    text.to_owned()
}

fn truth_of(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn url(text: &str) -> Result<Url, String> {
    // No error repeats it.
    let url = Url::parse(text).map_err(|error| crate::error::chain(&error).join(": "))?;
    match &url {
        Url::Sqlite(folder) if folder.exists() && !folder.is_dir() => {
            Err("there is something else than a folder at that path".to_owned())
        }
        _ => Ok(url),
    }
}

/// A database without its password.
pub(crate) fn shown(url: &Url) -> String {
    match url {
        Url::Postgres(config) => format!("PostgreSQL at {}", config.target()),
        Url::Sqlite(folder) => format!("sqlite:{}", folder.display()),
    }
}

fn tables_of(text: &str) -> Result<TableCatalogue, String> {
    tables::read(Path::new(text)).map_err(|error| crate::error::chain(&error).join(": "))
}

fn existing_folder(text: &str) -> Result<PathBuf, String> {
    let folder = Path::new(text);
    if folder.is_dir() {
        Ok(folder.to_owned())
    } else {
        Err("there is no such folder".to_owned())
    }
}

fn token(text: &str) -> Result<OperatorToken, String> {
    OperatorToken::new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
