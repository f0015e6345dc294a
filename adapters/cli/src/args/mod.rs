//! The command line: what can be said, and what it means.

mod age;
mod audit;
mod cache;
mod jobs;
mod members;
mod schedules;
mod serve;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use tenantry::{Actor, Slug, TenantName, TenantStatus};

pub(crate) use age::{Age, AgeError};
pub(crate) use audit::AuditCommand;
pub(crate) use cache::{CacheArgs, CacheCommand, OwnerArgs, PartArgs, RedisArgs};
pub(crate) use jobs::{
    ChoiceArgs, JobsCommand, PageArgs, PruneArgs, PutArgs, Run, ScopeArgs, WorkArgs,
};
pub(crate) use members::{DomainArgs, DomainsCommand, MemberArgs, MembersCommand, ResolverArgs};
pub(crate) use schedules::{SchedulePutArgs, SchedulesCommand, TargetFilterArgs};
pub(crate) use serve::{ConfigCommand, OperatorCommand, SettingArgs};

/// Keeps the tenants of an application apart: each tenant's rows in a schema (or an SQLite file) of its own.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line of this process, or ends it with what is wrong.
    pub(crate) fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let source = matches.value_source("database_url");
        cli.global.database_is_exported = source == Some(ValueSource::EnvVariable);
        cli
    }
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Whether the database was named by the environment alone.
    #[arg(skip)]
    pub(crate) database_is_exported: bool,
    /// The database: `postgres://user@host/name`, or `sqlite:FOLDER`.
    #[arg(
        long,
        global = true,
        env = "TENANTRY_DATABASE_URL",
        hide_env_values = true
    )]
    pub(crate) database_url: Option<String>,
    /// The folder that holds the tenants' migrations, as Diesel lays them out.
    #[arg(
        long,
        global = true,
        env = "TENANTRY_MIGRATIONS",
        value_name = "FOLDER"
    )]
    pub(crate) migrations: Option<PathBuf>,
    /// Who asks, for the record of what happened.
    #[arg(long, global = true, env = "TENANTRY_ACTOR", default_value = "system")]
    pub(crate) actor: Actor,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the promise in under a minute: three tenants, kept apart, in a temporary SQLite folder or in --database-url.
    Demo(DemoArgs),
    /// Makes the tables that tenants are recorded in. Doing it again changes nothing.
    Setup(SetupArgs),
    /// Creates, lists, changes and purges tenants.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Brings tenants' schemas up to date.
    Migrate(MigrateArgs),
    /// Finds what is wrong, and says how to fix it. Changes nothing.
    Doctor,
    /// Moves the rows of an application that had one tenant into that tenant's schema.
    Adopt(AdoptArgs),
    /// Looks after the job queue, and does jobs.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Looks after what puts jobs in again and again.
    #[command(subcommand)]
    Schedules(SchedulesCommand),
    /// Looks into the caches of tenants on Redis, and empties them.
    Cache(CacheArgs),
    /// Says who may act in a tenant, and changes that.
    #[command(subcommand)]
    Members(MembersCommand),
    /// Gives tenants domains of their own.
    #[command(subcommand)]
    Domains(DomainsCommand),
    /// Shows who did what, and whether that is what was written.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prints what makes a shell complete these commands: `tenantry completions bash > FILE`.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Prints the manual's page of the command, or writes the pages of all commands into a folder.
    Man {
        /// Where they go, such as ~/.local/share/man/man1.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Serves the administration by HTTP: in `./tenantry-data` by SQLite, unless a database is named.
    Serve(SettingArgs),
    /// Looks at what `tenantry serve` is told by file, environment and flags.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Looks after who may administer tenants, by a token or by a link to sign in.
    #[command(subcommand)]
    Operator(OperatorCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Show caches on this Redis, too; what it keeps for others is left alone. `REDIS_URL` isn't asked.
    #[arg(long)]
    pub(crate) redis_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Make the tables of the job queue, too.
    #[arg(long)]
    pub(crate) jobs: bool,
}

/// Whose jobs: everybody's by default.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ReachArgs {
    /// Only this tenant's: its slug or its id, which may be a purged tenant's.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Only those of the shared scope.
    #[arg(long)]
    pub(crate) shared: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Records a new tenant; it is pending until it is provisioned.
    Create {
        /// Its name in URLs and schema names: lower-case letters, digits and inner hyphens.
        slug: Slug,
        /// Its name for people; the slug if absent.
        #[arg(long)]
        name: Option<TenantName>,
        /// A JSON object that the application keeps with it.
        #[arg(long, value_name = "JSON")]
        settings: Option<String>,
        /// Provision it at once, which needs --migrations.
        #[arg(long)]
        provision: bool,
    },
    /// Lists tenants in the order of their creation.
    List {
        /// Only those of this status; may be given several times.
        #[arg(long, value_enum)]
        status: Vec<StatusArg>,
        /// Only those whose slug or name contains this text.
        #[arg(long)]
        search: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Shows one tenant.
    Show(TenantArg),
    /// Makes its schema, runs its migrations, and takes it into use.
    Provision(TenantArg),
    /// Refuses it at every door from now on.
    Suspend(TenantArg),
    /// Lets a suspended tenant in again.
    Activate(TenantArg),
    /// Gives up a suspended or pending tenant; its rows stay until it is purged.
    Delete(TenantArg),
    /// Drops a deleted tenant's schema with every row, and frees its slug.
    Purge {
        #[command(flatten)]
        tenant: TenantArg,
        /// Yes, drop the rows for good.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TenantArg {
    /// The tenant's slug, or its id.
    pub(crate) tenant: String,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Only this tenant (slug or id), instead of all.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// The tenant (slug or id) that the rows belong to: provisioned, with the tables already in its schema.
    pub(crate) tenant: String,
    /// The tables to move, in any order.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) tables: Vec<String>,
    /// The schema that the rows are in now.
    #[arg(long, value_name = "SCHEMA", default_value = "public")]
    pub(crate) from: String,
    /// How many rows to move in one transaction.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
    /// Remove the originals once every copy is verified.
    #[arg(long)]
    pub(crate) remove: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StatusArg {
    Pending,
    Active,
    Suspended,
    Deleted,
}

impl From<StatusArg> for TenantStatus {
    fn from(status: StatusArg) -> Self {
        match status {
            StatusArg::Pending => Self::Pending,
            StatusArg::Active => Self::Active,
            StatusArg::Suspended => Self::Suspended,
            StatusArg::Deleted => Self::Deleted,
        }
    }
}
