use std::ffi::OsString;
use std::process::Command;

use crate::error::CliError;

/// What every program may need, and nothing that opens a door.
const HARMLESS: [&str; 10] = [
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SYSTEMROOT",
    "TMPDIR",
    "TZ",
    "USER",
];

/// What programs inherit of the worker's environment: what is harmless, and what `--pass-env` names.
///
/// The rest stays with the worker. It reads the database's URL and passwords there, and a job's program is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// That of this process.
    pub(super) fn of_worker(passed: &[String]) -> Result<Self, CliError> {
        Self::of(std::env::vars_os(), passed)
    }

    fn of(
        all: impl Iterator<Item = (OsString, OsString)>,
        passed: &[String],
    ) -> Result<Self, CliError> {
        let inherited = |name: &OsString| {
            name.to_str().is_some_and(|name| {
                HARMLESS.contains(&name)
                    || name.starts_with("LC_")
                    || passed.iter().any(|passed| passed == name)
            })
        };
        let kept: Vec<_> = all.filter(|(name, _)| inherited(name)).collect();
        // A program without what it needs would make a dead letter of every job.
        let missing = passed
            .iter()
            .find(|name| !kept.iter().any(|(kept, _)| kept == name.as_str()));
        match missing {
            Some(name) => Err(CliError::NoVariable { name: name.clone() }),
            None => Ok(Self(kept)),
        }
    }

    /// Gives it to a program, in the place of all that it would inherit.
    pub(super) fn give(&self, command: &mut Command) {
        let pairs = self.0.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(pairs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[&str], passed: &[&str]) -> Result<Vec<String>, CliError> {
        let all = all
            .iter()
            .map(|name| (OsString::from(name), OsString::from("x")));
        let passed: Vec<_> = passed.iter().map(|&name| name.to_owned()).collect();
        let names = |(name, _): &(OsString, OsString)| name.to_str().unwrap().to_owned();
        Environment::of(all, &passed).map(|kept| kept.0.iter().map(names).collect())
    }

    #[test]
    fn secrets_stay_with_the_worker_unless_they_are_named() {
        let all = [
            "PATH",
            "LC_ALL",
            "DATABASE_URL",
            "PGPASSWORD",
            "PATH_TO_KEY",
            "AWS_SECRET",
        ];
        assert_eq!(of(&all, &[]).unwrap(), ["PATH", "LC_ALL"]);
        let passed = of(&all, &["PGPASSWORD"]).unwrap();
        assert_eq!(passed, ["PATH", "LC_ALL", "PGPASSWORD"]);
    }

    #[test]
    fn what_is_named_has_to_be_there() {
        let refused = of(&["PATH"], &["MAIL_KEY"]).unwrap_err();
        assert!(refused.to_string().contains("MAIL_KEY"), "{refused}");
    }
}
