//! Connections: as many as there is room for, none of which may keep a place without saying what it wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::moving::Moving;
use super::stop::Stop;

/// The most connections at once: the rest wait to be taken.
const MOST: usize = 1_024;
/// How long a client may take to send a request's head, or keep a connection without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer that waits for it.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How long to wait when the system gives no connection: it is out of file descriptors, probably.
const BREATH: Duration = Duration::from_millis(100);

/// The connections of one server.
pub(super) struct Connections {
    app: Router,
    room: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Connections {
    pub(super) fn new(app: Router) -> Self {
        Self {
            app,
            room: Arc::new(Semaphore::new(MOST)),
            graceful: GracefulShutdown::new(),
        }
    }

    /// Takes connections until it is asked to stop.
    pub(super) async fn serve(&self, listener: TcpListener, stop: &Stop) {
        futures_lite::future::or(stop.asked(), self.take_all(listener)).await;
    }

    /// Waits until every request is answered, but not longer than that, nor after a second signal.
    pub(super) async fn end(self, longest: Duration, stop: &Stop) {
        let graceful = self.graceful;
        let open = graceful.count();
        let ended = async {
            graceful.shutdown().await;
            true
        };
        let cut = async {
            futures_lite::future::or(tokio::time::sleep(longest), stop.asked_again()).await;
            false
        };
        if !futures_lite::future::or(ended, cut).await {
            warn!(open, "requests that still run are cut off");
        }
    }

    async fn take_all(&self, listener: TcpListener) {
        loop {
            let Ok(place) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = self.connection(stream, peer);
                    tokio::spawn(async move {
                        if let Err(error) = connection.await {
                            debug!(%peer, %error, "a connection broke");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "a connection can't be taken");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = hyper::Result<()>> + use<> {
        let app = self.app.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(Moving::new(stream, READ_TIMEOUT)), service);
        self.graceful.watch(connection)
    }
}
