//! Tenantry on SQLite: a file per tenant, by Diesel.
