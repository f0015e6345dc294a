//! Every port of Tenantry, in process.
