//! The settings that there are.

use crate::args::{Global, SettingArgs};

/// One setting: `key` in the file, `TENANTRY_KEY` in the environment, `--key` as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    DatabaseUrl,
    Migrations,
    WithoutTables,
    Tables,
    Setup,
    PoolSize,
    Bind,
    PlainHttp,
    PublicUrl,
    Operators,
    OperatorToken,
    SignInLink,
    OidcIssuer,
    OidcClientId,
    OidcClientSecret,
    OidcClientSecretFile,
    OidcRules,
    OidcScopes,
    OidcName,
    SampleUsage,
    RedisUrl,
    Metrics,
    OtlpUrl,
    Log,
    LogFormat,
    ReadyTimeout,
    StopTimeout,
}

impl Setting {
    pub(crate) const ALL: [Self; 27] = [
        Self::DatabaseUrl,
        Self::Migrations,
        Self::WithoutTables,
        Self::Tables,
        Self::Setup,
        Self::PoolSize,
        Self::Bind,
        Self::PlainHttp,
        Self::PublicUrl,
        Self::Operators,
        Self::OperatorToken,
        Self::SignInLink,
        Self::OidcIssuer,
        Self::OidcClientId,
        Self::OidcClientSecret,
        Self::OidcClientSecretFile,
        Self::OidcRules,
        Self::OidcScopes,
        Self::OidcName,
        Self::SampleUsage,
        Self::RedisUrl,
        Self::Metrics,
        Self::OtlpUrl,
        Self::Log,
        Self::LogFormat,
        Self::ReadyTimeout,
        Self::StopTimeout,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::DatabaseUrl => "database_url",
            Self::Migrations => "migrations",
            Self::WithoutTables => "without_tables",
            Self::Tables => "tables",
            Self::Setup => "setup",
            Self::PoolSize => "pool_size",
            Self::Bind => "bind",
            Self::PlainHttp => "plain_http",
            Self::PublicUrl => "public_url",
            Self::Operators => "operators",
            Self::OperatorToken => "operator_token",
            Self::SignInLink => "sign_in_link",
            Self::OidcIssuer => "oidc_issuer",
            Self::OidcClientId => "oidc_client_id",
            Self::OidcClientSecret => "oidc_client_secret",
            Self::OidcClientSecretFile => "oidc_client_secret_file",
            Self::OidcRules => "oidc_rules",
            Self::OidcScopes => "oidc_scopes",
            Self::OidcName => "oidc_name",
            Self::SampleUsage => "sample_usage",
            Self::RedisUrl => "redis_url",
            Self::Metrics => "metrics",
            Self::OtlpUrl => "otlp_url",
            Self::Log => "log",
            Self::LogFormat => "log_format",
            Self::ReadyTimeout => "ready_timeout",
            Self::StopTimeout => "stop_timeout",
        }
    }

    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.key() == key)
    }

    pub(crate) fn variable(self) -> String {
        format!("TENANTRY_{}", self.key().to_ascii_uppercase())
    }

    pub(crate) fn flag(self) -> String {
        format!("--{}", self.key().replace('_', "-"))
    }

    /// Whether it is only ever in the environment: a file is copied and committed, a flag is seen by everybody.
    pub(crate) fn is_for_the_environment_alone(self) -> bool {
        matches!(self, Self::OperatorToken | Self::OidcClientSecret)
    }

    /// What a flag says. Whether `--database-url` and `--migrations` were flags or variables is for the caller to tell.
    pub(crate) fn of_flags(self, global: &Global, args: &SettingArgs) -> Option<String> {
        match self {
            Self::DatabaseUrl => global.database_url.clone(),
            Self::Migrations => global
                .migrations
                .as_ref()
                .map(|folder| folder.display().to_string()),
            Self::WithoutTables => args.without_tables.clone(),
            Self::Tables => args.tables.clone(),
            Self::Setup => args.setup.clone(),
            Self::PoolSize => args.pool_size.clone(),
            Self::Bind => args.bind.clone(),
            Self::PlainHttp => args.plain_http.clone(),
            Self::PublicUrl => args.public_url.clone(),
            Self::Operators => args.operators.clone(),
            Self::OperatorToken | Self::OidcClientSecret => None,
            Self::SignInLink => args.sign_in_link.clone(),
            Self::OidcIssuer => args.oidc_issuer.clone(),
            Self::OidcClientId => args.oidc_client_id.clone(),
            Self::OidcClientSecretFile => args.oidc_client_secret_file.clone(),
            Self::OidcRules => args.oidc_rules.clone(),
            Self::OidcScopes => args.oidc_scopes.clone(),
            Self::OidcName => args.oidc_name.clone(),
            Self::SampleUsage => args.sample_usage.clone(),
            Self::RedisUrl => args.redis_url.clone(),
            Self::Metrics => args.metrics.clone(),
            Self::OtlpUrl => args.otlp_url.clone(),
            Self::Log => args.log.clone(),
            Self::LogFormat => args.log_format.clone(),
            Self::ReadyTimeout => args.ready_timeout.clone(),
            Self::StopTimeout => args.stop_timeout.clone(),
        }
    }
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let far = (name.len() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, &candidate), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
