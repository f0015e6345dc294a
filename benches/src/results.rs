//! What one run measured of one subject, and how it is kept between the processes of a run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{BenchError, Goal, Rate, Spent};

/// A benchmark that was registered, and what it is to be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    group: String,
    operation: String,
    floor: Option<String>,
}

impl Row {
    pub(crate) fn new(group: &str, operation: &str, floor: Option<String>) -> Self {
        Self {
            group: group.to_owned(),
            operation: operation.to_owned(),
            floor,
        }
    }

    pub(crate) fn without_floor(group: &str, operation: &str) -> Self {
        Self::new(group, operation, None)
    }
}

/// One benchmark's times, as criterion estimated them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The group that it belongs to: `postgres: scopes`.
    pub group: String,
    /// What was done.
    pub operation: String,
    /// The operation of the same group that it is compared with.
    pub floor: Option<String>,
    /// Half of the samples took no longer, in nanoseconds.
    pub median_ns: f64,
    /// The mean, in nanoseconds.
    pub mean_ns: f64,
    /// Half of the samples are no further from the median than this, in nanoseconds.
    pub spread_ns: f64,
}

/// All that one run measured of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What the subject is called.
    pub subject: String,
    /// Under which conditions it was measured.
    pub conditions: String,
    /// When the run ended.
    pub measured_at: DateTime<Utc>,
    /// The rows of the budget.
    pub budget: Vec<Spent>,
    /// Its goals, if it has any.
    pub goals: Vec<Goal>,
    /// How much it did a second, if that was measured.
    #[serde(default)]
    pub rates: Vec<Rate>,
    /// Criterion's benchmarks.
    pub rows: Vec<Measured>,
}

impl Results {
    /// The ratio of a row to its floor, if both were measured.
    pub fn ratio(&self, row: &Measured) -> Option<f64> {
        let floor = row.floor.as_ref()?;
        let floor = self
            .rows
            .iter()
            .find(|other| other.group == row.group && other.operation == *floor)?;
        Some(row.median_ns / floor.median_ns)
    }

    /// Writes them into `folder`, in the place of what an earlier run wrote there for the same subject.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), BenchError> {
        let parts = parts(folder);
        fs::create_dir_all(&parts).map_err(BenchError::files(&parts))?;
        let path = parts.join(format!("{}.json", self.subject));
        let text = serde_json::to_string_pretty(self).map_err(BenchError::unreadable(&path))?;
        fs::write(&path, text).map_err(BenchError::files(&path))
    }

    /// Reads what all runs wrote into `folder`, by the subjects' names.
    pub(crate) fn read_all(folder: &Path) -> Result<Vec<Self>, BenchError> {
        let parts = parts(folder);
        let mut all = Vec::new();
        for path in files(&parts)? {
            if path.extension() == Some(OsStr::new("json")) {
                let text = fs::read_to_string(&path).map_err(BenchError::files(&path))?;
                all.push(serde_json::from_str(&text).map_err(BenchError::unreadable(&path))?);
            }
        }
        if all.is_empty() {
            return Err(BenchError::NothingMeasured {
                folder: folder.to_owned(),
            });
        }
        Ok(all)
    }
}

/// What criterion wrote into its folder of `rows` since `began`. Rows that a filter left out are left out here, too.
pub(crate) fn measured(
    criterion: &Path,
    rows: &[Row],
    began: SystemTime,
) -> Result<Vec<Measured>, BenchError> {
    let mut found = Vec::new();
    for group in files(criterion)? {
        for benchmark in files(&group)? {
            if let Some(written) = Written::read(&benchmark.join("new"), began)? {
                found.push(written);
            }
        }
    }
    let of = |row: &Row| {
        let Written { estimates, .. } = found
            .iter()
            .find(|found| found.group == row.group && found.operation == row.operation)?;
        Some(Measured {
            group: row.group.clone(),
            operation: row.operation.clone(),
            floor: row.floor.clone(),
            median_ns: estimates.median.point_estimate,
            mean_ns: estimates.mean.point_estimate,
            spread_ns: estimates.median_abs_dev.point_estimate,
        })
    };
    Ok(rows.iter().filter_map(of).collect())
}

/// One benchmark in criterion's folder.
struct Written {
    group: String,
    operation: String,
    estimates: Estimates,
}

/// Criterion's `benchmark.json`, as far as it is read.
#[derive(Deserialize)]
struct Identity {
    group_id: String,
    function_id: Option<String>,
}

/// Criterion's `estimates.json`, as far as it is read. Times are nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    median: Estimate,
    median_abs_dev: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

impl Written {
    fn read(folder: &Path, began: SystemTime) -> Result<Option<Self>, BenchError> {
        let path = folder.join("benchmark.json");
        let Ok(written) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else {
            return Ok(None);
        };
        if written < began {
            return Ok(None);
        }
        let Identity {
            group_id,
            function_id,
        } = parse(&path)?;
        Ok(Some(Self {
            group: group_id,
            operation: function_id.unwrap_or_default(),
            estimates: parse(&folder.join("estimates.json"))?,
        }))
    }
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, BenchError> {
    let text = fs::read_to_string(path).map_err(BenchError::files(path))?;
    serde_json::from_str(&text).map_err(BenchError::unreadable(path))
}

fn parts(folder: &Path) -> PathBuf {
    folder.join("subjects")
}

/// What is in a folder, by name; nothing if it isn't one.
fn files(folder: &Path) -> Result<Vec<PathBuf>, BenchError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(BenchError::files(folder))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(BenchError::files(folder))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    /// Criterion's files of one benchmark.
    fn write(folder: &Path, group: &str, operation: &str, median: f64) {
        let folder = folder.join(group).join(operation).join("new");
        fs::create_dir_all(&folder).unwrap();
        let identity = json!({ "group_id": group, "function_id": operation, "full_id": "more" });
        let estimate = |ns: f64| json!({ "point_estimate": ns, "standard_error": 1.0 });
        let estimates = json!({
            "mean": estimate(median + 1.0),
            "median": estimate(median),
            "median_abs_dev": estimate(2.0),
            "slope": null,
        });
        fs::write(folder.join("benchmark.json"), identity.to_string()).unwrap();
        fs::write(folder.join("estimates.json"), estimates.to_string()).unwrap();
    }

    fn rows() -> [Row; 2] {
        [
            Row::without_floor("group", "floor"),
            Row::new("group", "scope", Some("floor".into())),
        ]
    }

    #[test]
    fn what_was_registered_and_measured_is_found_in_the_order_of_registration() {
        let folder = tempfile::tempdir().unwrap();
        for (operation, median) in [("scope", 30.0), ("floor", 20.0), ("other", 10.0)] {
            write(folder.path(), "group", operation, median);
        }
        write(folder.path(), "another group", "scope", 40.0);
        let found = measured(folder.path(), &rows(), SystemTime::UNIX_EPOCH).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|row| {
                (
                    row.operation.as_str(),
                    row.median_ns,
                    row.mean_ns,
                    row.spread_ns,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [("floor", 20.0, 21.0, 2.0), ("scope", 30.0, 31.0, 2.0)]
        );
        assert_eq!(found[1].floor.as_deref(), Some("floor"));
    }

    #[test]
    fn what_an_earlier_run_left_is_not_taken_for_this_one_s() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "group", "floor", 20.0);
        let later = SystemTime::now() + Duration::from_secs(60);
        assert_eq!(measured(folder.path(), &rows(), later).unwrap(), []);
    }

    #[test]
    fn nothing_is_measured_where_criterion_wrote_nothing() {
        let nowhere = Path::new("no such folder");
        let found = measured(nowhere, &rows(), SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(found, []);
    }
}
