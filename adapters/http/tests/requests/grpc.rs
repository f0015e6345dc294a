//! A gRPC service behind the same layer: a unary method that answers with its tenant's slug.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes};
use http::Uri;
use tenantry::resolution::{NamedBy, Source, TrustedProxies};
use tenantry::{Actor, NewTenant, Slug, TenantName, TenantService};
use tenantry_conformance::servers::Postgres;
use tenantry_http::{CurrentTenant, PeerAddress, TenantDirectory, TenantLayer};
use tenantry_memory::{RandomIds, SystemClock};
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantChanges,
    PostgresTenantRepository, SharedMigrations,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::Routes;
use tonic::transport::server::TcpConnectInfo;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tower_service::Service;

use crate::world::{World, resolver};

/// Messages of bytes as they are.
#[derive(Clone, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[derive(Clone)]
struct Names;

impl NamedService for Names {
    const NAME: &'static str = "tests.Names";
}

impl UnaryService<Bytes> for Names {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let tenant = request.extensions().get::<CurrentTenant>();
        let answer = tenant.map(|tenant| Bytes::copy_from_slice(tenant.slug().as_str().as_bytes()));
        std::future::ready(
            answer
                .map(Response::new)
                .ok_or(Status::internal("no tenant")),
        )
    }
}

impl Service<http::Request<Body>> for Names {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(Plain).unary(Names, request).await) })
    }
}

struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    async fn behind(layer: TenantLayer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = Server::builder()
            .layer(layer)
            .add_routes(Routes::new(Names))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { serving.await.unwrap() });
        Self { address, task }
    }

    /// The answer to a client that calls the server by `host`.
    async fn ask(&self, host: &str, header: Option<&str>) -> Result<String, Status> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        let origin: Uri = format!("http://{host}").parse().unwrap();
        let channel: Channel = endpoint.origin(origin).connect().await.unwrap();
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        let mut request = Request::new(Bytes::from("who"));
        if let Some(value) = header {
            request
                .metadata_mut()
                .insert("x-tenant", value.parse().unwrap());
        }
        let path = http::uri::PathAndQuery::from_static("/tests.Names/Who");
        let answer = client.unary(request, path, Plain).await?;
        Ok(String::from_utf8(answer.into_inner().to_vec()).unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn reason(status: &Status) -> &str {
    status.message().split(':').next().unwrap()
}

#[tokio::test]
async fn a_grpc_method_knows_its_tenant_by_the_same_layer() {
    let world = World::with(&["acme", "globex"]).await;
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let server = Serving::behind(layer.build().unwrap()).await;
    for _ in ["cold", "warm"] {
        assert_eq!(server.ask("acme.example.com", None).await.unwrap(), "acme");
        assert_eq!(
            server.ask("globex.example.com:8080", None).await.unwrap(),
            "globex"
        );
    }
}

#[tokio::test]
async fn refusals_are_statuses_with_their_reasons() {
    let world = World::with(&["frozen", "gone"]).await;
    world.suspend("frozen").await;
    world.delete("gone").await;
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), world.directory());
    let server = Serving::behind(layer.build().unwrap()).await;
    for (host, code, expected) in [
        (
            "frozen.example.com",
            Code::PermissionDenied,
            "tenant_suspended",
        ),
        ("gone.example.com", Code::NotFound, "tenant_unknown"),
        ("nobody.example.com", Code::NotFound, "tenant_unknown"),
        ("example.com", Code::NotFound, "tenant_unnamed"),
        ("x.example.com", Code::InvalidArgument, "slug_malformed"),
        ("evil-example.com", Code::NotFound, "host_foreign"),
    ] {
        let status = server.ask(host, None).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status)),
            (code, expected),
            "{host}: {status}"
        );
    }
    world.store.break_down(true);
    let status = server.ask("unread.example.com", None).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::Unavailable, "directory_unavailable")
    );
}

#[tokio::test]
async fn a_header_over_grpc_counts_by_the_peers_address() {
    let world = World::with(&["acme"]).await;
    for (network, trusted) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let header = Source::Header {
            trusted: TrustedProxies::of([network.parse().unwrap()]),
            named_by: NamedBy::Slug,
        };
        let layer = TenantLayer::builder(resolver([header]), world.directory())
            .peer(|extensions| {
                let info = extensions.get::<TcpConnectInfo>()?;
                info.remote_addr()
                    .map(|address| PeerAddress(address.ip()).0)
            })
            .build()
            .unwrap();
        let server = Serving::behind(layer).await;
        let answer = server.ask("any", Some("acme")).await;
        match answer {
            Ok(slug) => assert_eq!((slug.as_str(), trusted), ("acme", true)),
            Err(status) => {
                assert_eq!(
                    (reason(&status), trusted),
                    ("header_untrusted", false),
                    "{status}"
                );
            }
        }
    }
}

/// A server that hears of changes by a feed alone.
async fn hearing(config: &PostgresConfig) -> Serving {
    let tenants = Arc::new(PostgresTenantRepository::new(config.clone()));
    let directory = TenantDirectory::builder(tenants)
        .trust_for(Duration::from_mins(10))
        .build();
    let changes = PostgresTenantChanges::start(config.clone()).unwrap();
    let follower = directory.clone();
    tokio::spawn(async move { follower.follow(changes).await });
    let layer = TenantLayer::builder(resolver([Source::Subdomain]), directory);
    Serving::behind(layer.build().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_refused_by_every_grpc_server_within_a_second_by_postgresqls_feed() {
    let database = Postgres::shared().create_database().unwrap();
    let config: PostgresConfig = database.parse().unwrap();
    let migrations = SharedMigrations::of_tenantry(config.clone());
    migrations.run().await.unwrap();
    let service = TenantService::builder(
        Arc::new(PostgresTenantRepository::new(config.clone())),
        Arc::new(PostgresSchemaProvider::new(
            config.clone(),
            Migrations::none(),
        )),
        Arc::new(SystemClock),
        Arc::new(RandomIds::new()),
    )
    .build();
    let servers = [hearing(&config).await, hearing(&config).await];
    let mut slowest = Duration::ZERO;
    // Once is enough to show it, and a busy machine fails some.
    for number in 0..8 {
        let (slug, actor) = (format!("acme-{number}"), Actor::system());
        let new = NewTenant::new(Slug::new(&slug).unwrap(), TenantName::new("Acme").unwrap());
        let id = service.create(new, &actor).await.unwrap().id();
        service.provision(id, &actor).await.unwrap();
        let host = format!("{slug}.example.com");
        for server in &servers {
            assert_eq!(server.ask(&host, None).await.unwrap(), slug);
        }
        service.suspend(id, &actor).await.unwrap();
        let suspended_at = Instant::now();
        for server in &servers {
            let refused = loop {
                match server.ask(&host, None).await {
                    Err(status) => break status,
                    Ok(_) => assert!(suspended_at.elapsed().as_secs() < 10, "it is served still"),
                }
            };
            assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
            assert_eq!(reason(&refused), "tenant_suspended");
        }
        slowest = suspended_at.elapsed();
        if slowest < Duration::from_secs(1) {
            return;
        }
    }
    panic!("never within a second: {slowest:?} at last");
}
