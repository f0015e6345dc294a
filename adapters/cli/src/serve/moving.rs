use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream that breaks when whoever reads its other end takes nothing for a while: who asks for a lot, and never reads it,
/// would keep the connection otherwise.
pub(super) struct Moving<S> {
    stream: S,
    patience: Duration,
    /// Since when nothing could be written, if that is so.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S> Moving<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stuck: None,
        }
    }

    fn judged<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let patience = self.patience;
        let stuck = self
            .stuck
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        let given_up = || io::Error::new(io::ErrorKind::TimedOut, "nobody reads the answer");
        stuck.as_mut().poll(context).map(|()| Err(given_up()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Moving<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, room)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Moving<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judged(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.judged(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judged(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judged(context, ended)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// More than the system keeps for a connection.
    const MUCH: usize = 64 * 1024 * 1024;

    async fn connected() -> (TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let client = std::net::TcpStream::connect(address).expect("a connection");
        let (server, _) = listener.accept().await.expect("a connection");
        (server, client)
    }

    async fn send(stream: TcpStream, patience: Duration) -> io::Result<()> {
        let mut stream = Moving::new(stream, patience);
        let piece = vec![0; 1024 * 1024];
        let mut left = MUCH;
        while left > 0 {
            let room = left.min(piece.len());
            let write = |context: &mut Context<'_>| {
                Pin::new(&mut stream).poll_write(context, &piece[..room])
            };
            left -= poll_fn(write).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (server, _client) = connected().await;
        let error = send(server, Duration::from_millis(20)).await;
        let error = error.expect_err("nobody reads it");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_that_is_read_comes_to_its_end() {
        let (server, mut client) = connected().await;
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            client.read_to_end(&mut all).expect("it ends");
            all.len()
        });
        let sent = send(server, Duration::from_secs(30)).await;
        sent.expect("it is read");
        assert_eq!(reader.join().expect("it ends"), MUCH);
    }
}
