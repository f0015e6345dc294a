use std::fmt;
use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

#[cfg(feature = "tls")]
use crate::tls::Certificates;

/// Where the server is, or the cluster, and how long it may take.
///
/// `Debug` shows neither user nor password.
#[derive(Clone)]
pub struct RedisSettings {
    address: ConnectionInfo,
    /// The other nodes that were named, if it is a cluster.
    cluster: Option<Vec<ConnectionInfo>>,
    deadline: Duration,
    #[cfg(feature = "tls")]
    certificates: Certificates,
}

impl RedisSettings {
    /// The deadline unless another is set.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(1);

    /// Takes a URL: `redis://[user][:password@]host[:port][/database]`, or `redis+unix:///path`. With the feature `tls`,
    /// `rediss://…` is the same over TLS, with a certificate of an authority that this machine trusts.
    ///
    /// # Errors
    /// [`RedisSettingsError`], for what isn't such a URL. The error doesn't show it, since it may hold a password.
    pub fn new(url: &str) -> Result<Self, RedisSettingsError> {
        let settings = Self {
            address: read(url)?,
            cluster: None,
            deadline: Self::DEFAULT_DEADLINE,
            #[cfg(feature = "tls")]
            certificates: Certificates::default(),
        };
        settings.client()?;
        Ok(settings)
    }

    /// Takes the URLs of some nodes of a cluster: one would do, and more help while that one is away. The others are
    /// found by asking. User, password and certificates are the first one's, for every node.
    ///
    /// ```
    /// use tenantry_redis::RedisSettings;
    ///
    /// let nodes = ["redis://:secret@cache-1.internal:6379", "redis://cache-2.internal:6379"];
    /// let settings = RedisSettings::cluster(nodes)?;
    /// # Ok::<(), tenantry_redis::RedisSettingsError>(())
    /// ```
    ///
    /// # Errors
    /// [`RedisSettingsError::NotForACluster`] for no URL at all, a socket, another database than 0, or nodes of which some
    /// are over TLS and some aren't; and those of [`new`](Self::new).
    pub fn cluster<'a>(
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, RedisSettingsError> {
        let mut urls = urls.into_iter();
        let first = urls.next().ok_or(RedisSettingsError::NotForACluster)?;
        let mut settings = Self::new(first)?;
        let others: Vec<_> = urls.map(read).collect::<Result<_, _>>()?;
        for address in others.iter().chain([&settings.address]) {
            let is_node = place_of(address).is_some() && address.redis_settings().db() == 0;
            // All nodes are talked to as the first one is: none may lose its TLS by that.
            if !is_node || is_over_tls(address) != is_over_tls(&settings.address) {
                return Err(RedisSettingsError::NotForACluster);
            }
        }
        settings.cluster = Some(others);
        Ok(settings)
    }

    /// How long one round trip may take, with connecting and following redirections if need be. Without it, a second.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Trusts the authorities of these certificates, in PEM, instead of those that this machine trusts.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn authorities(mut self, pem: &[u8]) -> Self {
        self.certificates.authorities = Some(pem.to_vec());
        self
    }

    /// Shows this certificate, with those that it needs, and proves it by this key: both in PEM.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate(mut self, pem: &[u8], key_pem: &[u8]) -> Self {
        self.certificates.own = Some((pem.to_vec(), key_pem.to_vec()));
        self
    }

    pub(crate) fn client(&self) -> Result<Client, RedisSettingsError> {
        self.open(self.address.clone())
    }

    /// A client of the cluster's node at this `host:port`.
    pub(crate) fn client_of(&self, node: &str) -> Result<Client, RedisSettingsError> {
        let place = node.rsplit_once(':');
        let (host, port) = place.ok_or(RedisSettingsError::NotForACluster)?;
        let port = port
            .parse()
            .map_err(|_| RedisSettingsError::NotForACluster)?;
        let host = host.to_owned();
        let address = match self.address.addr() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        self.open(self.address.clone().set_addr(address))
    }

    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unused_self, reason = "only TLS has certificates")
    )]
    fn open(&self, address: ConnectionInfo) -> Result<Client, RedisSettingsError> {
        #[cfg(feature = "tls")]
        if let ConnectionAddr::TcpTls { .. } = address.addr() {
            return self.certificates.client(address);
        }
        Client::open(address).map_err(|_| RedisSettingsError::Unsupported)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// The nodes that were named.
    pub(crate) fn seeds(&self) -> Vec<String> {
        let others = self.cluster.iter().flatten();
        [&self.address]
            .into_iter()
            .chain(others)
            .filter_map(place_of)
            .collect()
    }

    pub(crate) fn round_trip(&self) -> Duration {
        self.deadline
    }
}

fn is_over_tls(address: &ConnectionInfo) -> bool {
    matches!(address.addr(), ConnectionAddr::TcpTls { .. })
}

fn read(url: &str) -> Result<ConnectionInfo, RedisSettingsError> {
    let over_tls = url.starts_with("rediss://") || url.starts_with("valkeys://");
    // The library's error may show a part of the URL.
    let address = url.into_connection_info().map_err(|_| {
        if over_tls && !cfg!(feature = "tls") {
            RedisSettingsError::Unsupported
        } else {
            RedisSettingsError::NotAUrl
        }
    })?;
    match address.addr() {
        // `#insecure` at the end of the URL: whoever is asked could be anybody.
        ConnectionAddr::TcpTls { insecure: true, .. } => Err(RedisSettingsError::Unsupported),
        _ => Ok(address),
    }
}

fn place_of(address: &ConnectionInfo) -> Option<String> {
    match address.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Some(format!("{host}:{port}"))
        }
        _ => None,
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("address", &self.address.addr().to_string())
            .field("cluster", &self.cluster.as_ref().map(|_| self.seeds()))
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why settings can't be made of a URL. It never shows the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisSettingsError {
    /// It isn't a URL of a Redis server.
    #[error(
        "the URL of the cache can't be read: write redis://:password@host:6379/0, with %XX for special characters"
    )]
    NotAUrl,
    /// It asks for what this build can't do, such as TLS without the feature `tls`, or TLS with whoever answers.
    #[error(
        "the URL of the cache asks for what this build can't do: TLS needs the feature `tls`, and a certificate that is checked"
    )]
    Unsupported,
    /// It isn't where a node of a cluster could be.
    #[error(
        "a cluster of the cache is named by redis://:password@host:6379, one or more, all of them over TLS or none, and its nodes have database 0 alone"
    )]
    NotForACluster,
    /// A certificate or key for TLS can't be read.
    #[error(
        "the certificates for TLS can't be read: give PEM, and the key that fits the certificate"
    )]
    Certificate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_errors_show_a_secret() {
        let settings = RedisSettings::new("redis://ada:s3cret@localhost:7000/2").unwrap();
        let shown = format!("{settings:?}");
        assert!(shown.contains("localhost:7000"), "{shown}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("ada"),
            "{shown}"
        );
        for refused in [
            "s3cret",
            "http://:s3cret@localhost",
            "redis://:s3cret@localhost/nodatabase",
            "rediss://:s3cret@localhost/#insecure",
            "redis://:s3cret@localhost/?protocol=s3cret",
        ] {
            let error = RedisSettings::new(refused).map(|_| ()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn no_node_of_a_cluster_loses_its_tls_since_another_has_none() {
        for mixed in [
            ["redis://:s3cret@a", "rediss://b"],
            ["rediss://:s3cret@a", "redis://b"],
        ] {
            let refused = RedisSettings::cluster(mixed).map(|_| ()).unwrap_err();
            assert_eq!(refused, RedisSettingsError::NotForACluster, "{mixed:?}");
        }
        assert!(RedisSettings::cluster(["rediss://a", "rediss://b"]).is_ok());
    }

    #[test]
    fn a_cluster_is_named_by_hosts_without_a_database() {
        let nodes = ["redis://ada:s3cret@a:7000", "redis://b:7001/0", "redis://c"];
        let settings = RedisSettings::cluster(nodes).unwrap();
        assert_eq!(settings.seeds(), ["a:7000", "b:7001", "c:6379"]);
        let node = settings.client_of("10.0.0.1:7002").unwrap();
        let info = node.get_connection_info();
        assert_eq!(info.addr().to_string(), "10.0.0.1:7002");
        assert_eq!(info.redis_settings().password(), Some("s3cret"));
        assert!(!format!("{settings:?}").contains("s3cret"));
        let refused: [&[&str]; 4] = [
            &[],
            &["redis://a/1"],
            &["redis://a", "redis://b/1"],
            &["redis+unix:///run/redis.sock"],
        ];
        for urls in refused {
            let error = RedisSettings::cluster(urls.iter().copied())
                .map(|_| ())
                .unwrap_err();
            assert_eq!(error, RedisSettingsError::NotForACluster, "{urls:?}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn tls_with_whoever_answers_is_refused() {
        assert!(RedisSettings::new("rediss://localhost").is_ok());
        let error = RedisSettings::new("rediss://localhost/#insecure")
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error, RedisSettingsError::Unsupported);
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn tls_is_refused_as_what_this_build_cant_do() {
        let error = RedisSettings::new("rediss://localhost")
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().contains("TLS"), "{error}");
    }
}
