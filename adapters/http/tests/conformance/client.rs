//! A client that sends what it is told, over a connection of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tenantry_conformance::requests::{Answer, Asked};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn send(address: SocketAddr, asked: &Asked) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(&written(asked)).unwrap();
    let mut answer = Vec::new();
    // A handler that panics takes the connection with it.
    let _ = stream.read_to_end(&mut answer);
    read(&answer)
}

fn written(asked: &Asked) -> Vec<u8> {
    let mut request = format!("GET {} HTTP/1.1\r\nconnection: close\r\n", asked.path).into_bytes();
    let host = asked.host.iter().map(|host| ("host", host.as_bytes()));
    let headers = asked.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_slice()));
    for (name, value) in host.chain(headers) {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

fn read(answer: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    };
    Answer {
        status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
        headers: lines.filter_map(header).collect(),
        body: body.into(),
    }
}
