use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ServerError;

const POSTGRES_NEEDED: u32 = 15;

/// The folder that holds `initdb`, `pg_ctl`, `postgres` and `psql`: the one named by `TENANTRY_POSTGRES_BIN`, else the
/// newest of Debian's, else the first in the path.
pub(super) fn postgres() -> Result<PathBuf, ServerError> {
    let folder = match env::var_os("TENANTRY_POSTGRES_BIN") {
        Some(named) => Some(PathBuf::from(named)).filter(|folder| holds_postgres(folder)),
        None => newest_of_debian().or_else(|| in_path(holds_postgres)),
    }
    .ok_or_else(|| ServerError::NotInstalled {
        server: "PostgreSQL",
        looked: "no initdb in /usr/lib/postgresql/*/bin, PATH or TENANTRY_POSTGRES_BIN".into(),
        package: "postgresql",
    })?;
    match major_version(&folder) {
        Some(found) if found < POSTGRES_NEEDED => Err(ServerError::TooOld {
            found,
            needed: POSTGRES_NEEDED,
        }),
        _ => Ok(folder),
    }
}

/// The program `pgbouncer`, in the path or where Debian keeps it.
pub(super) fn pgbouncer() -> Result<PathBuf, ServerError> {
    let folder = in_path(|folder| folder.join("pgbouncer").is_file())
        .or_else(|| Some(PathBuf::from("/usr/sbin")).filter(|f| f.join("pgbouncer").is_file()))
        .ok_or_else(|| ServerError::NotInstalled {
            server: "PgBouncer",
            looked: "no pgbouncer in PATH or /usr/sbin".into(),
            package: "pgbouncer",
        })?;
    Ok(folder.join("pgbouncer"))
}

/// The programs `redis-server` and `redis-cli`, in the folder named by `TENANTRY_REDIS_BIN`, else in the path. Those of
/// Valkey do as well, under these names.
pub(super) fn redis() -> Result<[PathBuf; 2], ServerError> {
    let programs = ["redis-server", "redis-cli"];
    let holds = |folder: &Path| programs.iter().all(|name| folder.join(name).is_file());
    let folder = match env::var_os("TENANTRY_REDIS_BIN") {
        Some(named) => Some(PathBuf::from(named)).filter(|folder| holds(folder)),
        None => in_path(holds),
    }
    .ok_or_else(|| ServerError::NotInstalled {
        server: "Redis",
        looked: "no redis-server and redis-cli in PATH or TENANTRY_REDIS_BIN".into(),
        package: "redis-server",
    })?;
    Ok(programs.map(|name| folder.join(name)))
}

fn holds_postgres(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres", "psql"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

fn newest_of_debian() -> Option<PathBuf> {
    Path::new("/usr/lib/postgresql")
        .read_dir()
        .ok()?
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path(),
            ))
        })
        .map(|(version, home)| (version, home.join("bin")))
        .filter(|(_, folder)| holds_postgres(folder))
        .max()
        .map(|(_, folder)| folder)
}

fn in_path(wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find(|folder| wanted(folder))
}

fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    major_in(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 15.18 (Debian ...)` and `postgres (PostgreSQL) 18beta1` are both ways to say it.
fn major_in(text: &str) -> Option<u32> {
    let version = text.split_once(") ")?.1;
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

/// What the surroundings say about connections must not reach a server of ours or its client.
pub(super) fn is_for_libpq(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(major_in(debian), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_in("something else"), None);
    }
}
