use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::{Client, ClientTlsConfig, ConnectionInfo, RedisError, TlsCertificates};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{AlertDescription, Error as TlsError};

use crate::RedisSettingsError;

/// What a server is told apart by, and what it is shown.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    /// Instead of the system's.
    pub(crate) authorities: Option<Vec<u8>>,
    /// A certificate, and its key.
    pub(crate) own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(crate) fn client(&self, address: ConnectionInfo) -> Result<Client, RedisSettingsError> {
        // The library has no other way to be told, and panics if nobody has chosen. A host's choice goes first.
        if CryptoProvider::get_default().is_none() {
            let _ = ring::default_provider().install_default();
        }
        let own = self
            .own
            .clone()
            .map(|(client_cert, client_key)| ClientTlsConfig {
                client_cert,
                client_key,
            });
        let certificates = TlsCertificates {
            client_tls: own,
            root_cert: self.authorities.clone(),
        };
        Client::build_with_tls(address, certificates).map_err(|_| RedisSettingsError::Certificate)
    }
}

/// Who didn't trust whom, if that is what went wrong.
pub(crate) enum Distrust {
    /// The server can't prove who it is.
    Ours,
    /// The server wants a certificate of ours, or another.
    Theirs,
}

impl Distrust {
    pub(crate) fn of(error: &RedisError) -> Option<Self> {
        match tls_error(error)? {
            TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented => Some(Self::Ours),
            TlsError::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied,
            ) => Some(Self::Theirs),
            _ => None,
        }
    }
}

fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    if let Some(shared) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return tls_error(&**shared);
    }
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match inner {
        Some(inner) => tls_error(inner),
        None => tls_error(error.source()?),
    }
}
