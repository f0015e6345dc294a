//! Tenantry on PostgreSQL: a schema per tenant, by Diesel and r2d2.
