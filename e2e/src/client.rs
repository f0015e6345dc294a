//! A client of HTTP/1.1 that keeps its connection, and writes nothing that it isn't told.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;

/// One connection, opened when it is needed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    patience: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Client {
    /// A client of the server there, which waits for an answer for so long at most.
    pub fn new(address: SocketAddr, patience: Duration) -> Self {
        Self {
            address,
            stream: None,
            patience,
        }
    }

    /// Asks, by a new connection if the last one failed.
    ///
    /// # Errors
    /// If no whole answer came in time. The connection is given up then.
    pub async fn ask(&mut self, method: &str, host: &str, path: &str) -> Result<Answer, Failure> {
        let exchange = timeout(self.patience, self.exchange(method, host, path));
        let answer = exchange.await.unwrap_or_else(|late| Err(late.into()));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, method: &str, host: &str, path: &str) -> Result<Answer, Failure> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut().ok_or("no connection")?;
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let status_line = line(stream).await?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|text| text.parse().ok());
        let status = status.ok_or("no status")?;
        let mut length = 0;
        loop {
            let header = line(stream).await?;
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length: ") {
                length = value.parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(Answer {
            status,
            body: String::from_utf8(body)?,
        })
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, Failure> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err("the connection ended".into());
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}
