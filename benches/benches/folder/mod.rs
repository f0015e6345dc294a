use std::path::{Path, PathBuf};

/// Where the benchmarks of this repository keep their results: `bench-results` at its top.
pub(crate) fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("bench-results")
}
