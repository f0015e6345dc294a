use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use tenantry::BoxError;
use tenantry::domains::DomainChallenge;
use tenantry::ports::{DomainProof, DomainProver};
use tenantry::resolution::DomainName;

/// Proves domains by asking a resolver for their TXT records. Needs a runtime of tokio, with time and input.
///
/// One question for each proof; another if it isn't answered in time, and over TCP if the answer doesn't fit.
#[derive(Clone)]
pub struct DnsProver {
    config: ResolverConfig,
    resolver: TokioResolver,
    patience: Duration,
}

impl DnsProver {
    /// How long a proof takes at most, unless a host says otherwise: ten seconds.
    pub const PATIENCE: Duration = Duration::from_secs(10);
    const ATTEMPTS: usize = 2;

    /// Asks the resolvers that the system is configured to ask, without its `hosts` file and its search domains.
    ///
    /// # Errors
    /// [`DnsProverError`], if the configuration can't be read.
    pub fn of_the_system() -> Result<Self, DnsProverError> {
        let (config, _) = read_system_conf().map_err(DnsProverError::of)?;
        Self::of(config, Self::PATIENCE)
    }

    /// Asks these resolvers, over UDP and TCP.
    ///
    /// # Errors
    /// [`DnsProverError`], if there are none.
    pub fn asking(resolvers: impl IntoIterator<Item = SocketAddr>) -> Result<Self, DnsProverError> {
        let servers: Vec<_> = resolvers.into_iter().map(server_at).collect();
        if servers.is_empty() {
            return Err(DnsProverError {
                source: "no resolver is given to ask".into(),
            });
        }
        Self::of(ResolverConfig::from_name_servers(servers), Self::PATIENCE)
    }

    /// The same, with so long for a proof.
    ///
    /// # Errors
    /// [`DnsProverError`]. It would be a mistake of this crate.
    pub fn with_patience(self, patience: Duration) -> Result<Self, DnsProverError> {
        Self::of(self.config, patience)
    }

    fn of(config: ResolverConfig, patience: Duration) -> Result<Self, DnsProverError> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config.clone(), provider);
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.attempts = Self::ATTEMPTS;
        options.timeout = patience / 3;
        let resolver = builder.build().map_err(DnsProverError::of)?;
        Ok(Self {
            config,
            resolver,
            patience,
        })
    }

    async fn texts_at(&self, name: Name) -> Result<Vec<TXT>, NetError> {
        let asked = self.resolver.lookup(name, RecordType::TXT);
        let answer = tokio::time::timeout(self.patience, asked).await;
        let answer = answer.map_err(|_| NetError::Timeout)??;
        let texts = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(text) => Some(text.clone()),
                _ => None,
            });
        Ok(texts.collect())
    }
}

impl fmt::Debug for DnsProver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsProver")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl DomainProver for DnsProver {
    async fn prove(&self, domain: &DomainName, challenge: &DomainChallenge) -> DomainProof {
        // The dot at its end keeps search domains away from it.
        let text = format!("{}.", DomainChallenge::record_name(domain));
        let Ok(name) = Name::from_ascii(&text) else {
            return DomainProof::NotProven;
        };
        match self.texts_at(name).await {
            Ok(texts) if texts.iter().any(|text| says(text, challenge)) => DomainProof::Proven,
            Ok(_) => DomainProof::NotProven,
            Err(NetError::Dns(DnsError::NoRecordsFound(answer))) if answer.ns.is_none() => {
                DomainProof::NotProven
            }
            // With name servers in it, it says who else may know.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, %domain, "the DNS of a domain can't be asked");
                DomainProof::Unreachable
            }
        }
    }
}

/// Whether a record says the challenge's value. A long text comes in pieces, which mean nothing.
fn says(text: &TXT, challenge: &DomainChallenge) -> bool {
    text.txt_data.concat() == challenge.value().into_bytes()
}

fn server_at(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

/// Why there is no [`DnsProver`].
#[derive(Debug, thiserror::Error)]
#[error("the resolver of DNS can't be set up: check which ones the system is configured to ask")]
pub struct DnsProverError {
    source: BoxError,
}

impl DnsProverError {
    fn of(source: NetError) -> Self {
        Self {
            source: source.into(),
        }
    }
}
