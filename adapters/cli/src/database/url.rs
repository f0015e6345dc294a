use std::path::PathBuf;

use tenantry_postgres::PostgresConfig;

use crate::error::CliError;

/// What `--database-url` can name.
pub(crate) enum Url {
    /// A PostgreSQL database, as libpq takes it.
    Postgres(PostgresConfig),
    /// A folder of SQLite files.
    Sqlite(PathBuf),
}

impl Url {
    /// Reads a URL. No error repeats it, since it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, CliError> {
        if let Some(folder) = url
            .strip_prefix("sqlite:")
            .filter(|folder| !folder.is_empty())
        {
            return Ok(Self::Sqlite(folder.into()));
        }
        let postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !postgres {
            return Err(CliError::UnknownDatabase);
        }
        let config = PostgresConfig::parse(url).map_err(CliError::database)?;
        Ok(Self::Postgres(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_postgresql_or_a_folder() {
        assert!(matches!(
            Url::parse("postgres://a@b/c"),
            Ok(Url::Postgres(_))
        ));
        assert!(matches!(Url::parse("postgresql://b"), Ok(Url::Postgres(_))));
        let folder = PathBuf::from("some/folder");
        assert!(
            matches!(Url::parse("sqlite:some/folder"), Ok(Url::Sqlite(path)) if path == folder)
        );
        for refused in ["", "sqlite:", "mysql://a", "some/folder", "host=a"] {
            assert!(
                matches!(Url::parse(refused), Err(CliError::UnknownDatabase)),
                "{refused}"
            );
        }
    }
}
