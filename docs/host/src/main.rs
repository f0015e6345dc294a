//! `shop serve [address]` serves the accounts' notes, and `shop adopt` makes tenants of the accounts that were there.

use std::env;
use std::error::Error;
use std::net::TcpListener;

use futures_lite::future::block_on;
use shop::{Shop, serve};
use tenantry_postgres::PostgresConfig;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let config: PostgresConfig = env::var("DATABASE_URL")
        .map_err(|_| "set DATABASE_URL to the shop's database")?
        .parse()?;
    let shop = block_on(Shop::open(config))?;
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some("serve") => {
            let address = arguments.next();
            let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
            println!("http://{}", listener.local_addr()?);
            Ok(serve(&listener, &shop)?)
        }
        Some("adopt") => {
            println!("{} accounts adopted", block_on(shop.adopt())?);
            Ok(())
        }
        _ => Err("say `serve [address]` or `adopt`".into()),
    }
}
