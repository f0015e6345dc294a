//! `GET /acme/notes`, with no more of HTTP than that needs.

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::Shop;

const WORKERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: u64 = 8 * 1024;

/// Answers requests, a few at a time, for as long as the process lives.
///
/// # Errors
/// If the listener can't take connections any more.
pub fn serve(listener: &TcpListener, shop: &Shop) -> io::Result<()> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| scope.spawn(|| work(listener, shop)))
            .collect();
        for worker in workers {
            worker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))?;
        }
        Ok(())
    })
}

fn work(listener: &TcpListener, shop: &Shop) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Err(error) = answer(&stream, shop) {
                    eprintln!("a request wasn't answered: {error}");
                }
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    }
}

fn answer(mut stream: &TcpStream, shop: &Shop) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (status, body) = match handle_of(&request_line(stream)?) {
        Some(handle) => notes(shop, &handle),
        None => (404, String::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The first line. The other lines are read, too: closing before would take the answer away from the client.
fn request_line(stream: &TcpStream) -> io::Result<String> {
    let mut lines = BufReader::new(stream.take(LONGEST_HEAD)).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            return Ok(first);
        }
    }
    Err(io::Error::other("the head of the request doesn't end"))
}

fn handle_of(request_line: &str) -> Option<String> {
    let path = request_line.strip_prefix("GET /")?.split(' ').next()?;
    Some(path.strip_suffix("/notes")?.to_owned())
}

/// What went wrong is told to the operator. The client hears the status alone.
fn notes(shop: &Shop, handle: &str) -> (u16, String) {
    match shop.notes(handle) {
        Ok(notes) => (200, serde_json::json!(notes).to_string()),
        Err(refused) => {
            if refused.status() >= 500 {
                eprintln!("{}", chain(&refused));
            }
            (refused.status(), String::new())
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
