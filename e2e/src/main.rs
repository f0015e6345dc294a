//! The processes of the application, and a load on them.

use std::process::ExitCode;

use tenantry_e2e::Failure;
use tenantry_e2e::host::Host;
use tenantry_e2e::load::Load;
use tenantry_e2e::web::{Front, serve};
use tenantry_e2e::worker::work;

const USAGE: &str = "usage: host web|web-without-layer|worker <database URL> <Redis URL>
       host load <database URL> <Redis URL> <connections> <tenants> <seconds> <seed>";

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command says what is wrong")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<(), Failure> {
    match *arguments {
        ["web", database, redis] => serve(Host::new(database, redis)?, Front::Layer).await,
        ["web-without-layer", database, redis] => {
            serve(Host::new(database, redis)?, Front::Map).await
        }
        ["web-wrong-map", database, redis] => {
            serve(Host::new(database, redis)?, Front::WrongMap).await
        }
        ["worker", database, redis] => work(Host::new(database, redis)?).await,
        ["load", database, redis, connections, tenants, seconds, seed] => {
            let load = Load {
                connections: connections.parse()?,
                tenants: tenants.parse()?,
                seconds: seconds.parse()?,
                seed: seed.parse()?,
            };
            load.run(database, redis).await
        }
        _ => Err(USAGE.into()),
    }
}
