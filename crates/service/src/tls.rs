//! Encrypted connections: what a server shows of itself, and whom it lets in. Everything is read from files, and can be
//! replaced while the server runs.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};

/// Whether a server encrypts, and as whom. Clones are handles to one: replacing it is seen by every server that has it,
/// from the next connection on.
#[derive(Debug, Clone)]
pub struct Tls(Arc<RwLock<Option<Identity>>>);

impl Tls {
    /// No encryption.
    pub fn off() -> Self {
        Self::new(None)
    }

    /// Encryption, if there is an identity to show.
    pub fn new(identity: Option<Identity>) -> Self {
        Self(Arc::new(RwLock::new(identity)))
    }

    /// Another identity for new connections; those that are there stay as they are.
    pub fn replace(&self, identity: Option<Identity>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    pub(crate) fn current(&self) -> Option<Arc<ServerConfig>> {
        let identity = self.0.read().unwrap_or_else(PoisonError::into_inner);
        identity.as_ref().map(|identity| Arc::clone(&identity.0))
    }
}

/// A server's certificates with their key, and the clients that it knows.
#[derive(Debug, Clone)]
pub struct Identity(Arc<ServerConfig>);

/// The clients that a server lets in.
#[derive(Debug, Clone)]
pub struct Clients(Arc<dyn ClientCertVerifier>);

impl Clients {
    /// Everybody; nobody is asked for a certificate.
    pub fn all() -> Self {
        Self(Arc::new(NoClientAuth))
    }

    /// Those who show a certificate of an authority from this PEM file.
    pub fn certified_by(file: &Path) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(file)? {
            let added = roots.add(certificate);
            added.map_err(|error| {
                format!(
                    "{}: holds a certificate that cannot be used: {error}",
                    file.display()
                )
            })?;
        }
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map(Self)
            .map_err(|error| format!("{}: cannot be used: {error}", file.display()))
    }
}

impl Identity {
    /// The `certificates` of a server, its own first, with the `key` of that one.
    pub fn new(
        certificates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        clients: Clients,
    ) -> Result<Self, String> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_client_cert_verifier(clients.0)
                    .with_single_cert(certificates, key)
            });
        let mut config = config.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                "the key does not belong to the first certificate of the certificates' file".to_owned()
            }
            error => format!("certificate and key cannot be used: {error}"),
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates of a PEM file.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(format!(
            "{}: holds no certificate; it must be a PEM file with `BEGIN CERTIFICATE`",
            file.display()
        )),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(file, &error)),
    }
}

/// The private key of a PEM file.
pub fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| match error {
        pem::Error::NoItemsFound => format!(
            "{}: holds no private key; it must be a PEM file with `BEGIN PRIVATE KEY`, not encrypted",
            file.display()
        ),
        error => unusable(file, &error),
    })
}

fn unusable(file: &Path, error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => format!("{}: cannot be read: {error}", file.display()),
        // other errors can quote the file, which may be a key
        _ => format!("{}: is no PEM file", file.display()),
    }
}
