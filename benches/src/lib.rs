//! Benchmarks of Tenantry that a host can run on its own adapters.
