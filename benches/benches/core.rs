//! The core's own functions, which need no store.

mod folder;

fn main() -> Result<(), tenantry_benches::BenchError> {
    tenantry_benches::run_core(&folder::results())
}
