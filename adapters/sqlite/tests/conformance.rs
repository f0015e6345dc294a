//! The SQLite adapter does what every adapter must do.

mod harness;

use harness::Sqlite;

tenantry_conformance::suite!(Sqlite);
