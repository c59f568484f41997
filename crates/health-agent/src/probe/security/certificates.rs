//! Certificates: what they say, and whether they fit.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore};
use x509_parser::parse_x509_certificate;

use crate::config;
use crate::facts::security::{Certificate, Chain, Key};
use crate::facts::{Answer, Timestamp};

pub(super) fn read(settings: &config::Certificate, now: Timestamp) -> Certificate {
    Certificate {
        path: settings.cert_file.clone(),
        chain: chain(settings, now),
    }
}

fn chain(settings: &config::Certificate, now: Timestamp) -> Answer<Chain> {
    let certificates = certificates(&settings.cert_file)?;
    let mut chain = Chain {
        not_before: f64::NEG_INFINITY,
        not_after: f64::INFINITY,
        ..Chain::default()
    };
    for (index, der) in certificates.iter().enumerate() {
        let (_, certificate) = parse_x509_certificate(der)
            .map_err(|error| format!("{} cannot be understood: {error}", settings.cert_file.display()))?;
        let validity = certificate.validity();
        chain.not_before = chain.not_before.max(validity.not_before.timestamp() as f64);
        chain.not_after = chain.not_after.min(validity.not_after.timestamp() as f64);
        if index == 0 {
            chain.subject = certificate.subject().to_string();
        }
    }
    // that it is too old or too new is told by dates, and not once more by the chain
    let at = now.min(chain.not_after).max(chain.not_before);
    chain.trusted = settings
        .ca_file
        .as_deref()
        .map(|authorities| trusted(&certificates, authorities, at));
    chain.key = settings
        .key_file
        .as_deref()
        .map_or(Key::None, |file| key(&certificates, file));
    Ok(chain)
}

/// As a server's or a client's: which of both it is, is not known.
fn trusted(chain: &[CertificateDer<'static>], authorities: &Path, at: Timestamp) -> Answer<()> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots
            .add(certificate)
            .map_err(|error| format!("{} holds what is no authority: {error}", authorities.display()))?;
    }
    let why = |error: Error| format!("it does not lead to {}: {error}", authorities.display());
    let (own, others) = chain.split_first().ok_or("it is empty")?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(at.max(0.0) as u64));
    let provider = ring::default_provider();

    let parsed = ParsedCertificate::try_from(own).map_err(why)?;
    let algorithms = provider.signature_verification_algorithms.all;
    let as_server = verify_server_cert_signed_by_trust_anchor(&parsed, &roots, others, now, algorithms);
    let Err(error) = as_server else { return Ok(()) };
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.into())
        .build()
        .map_err(|error| format!("{} cannot be used: {error}", authorities.display()))?;
    match clients.verify_client_cert(own, others, now) {
        Ok(_) => Ok(()),
        Err(_) => Err(why(error)),
    }
}

fn key(chain: &[CertificateDer<'static>], file: &Path) -> Key {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Key::Hidden,
        Err(error) => return Key::Wrong(format!("{} cannot be read: {error}", file.display())),
    };
    let Ok(der) = PrivateKeyDer::from_pem_slice(&text) else {
        return Key::Wrong(format!("{} holds no private key in PEM", file.display()));
    };
    match CertifiedKey::from_der(chain.to_vec(), der, &ring::default_provider()) {
        Ok(_) => Key::Fits,
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Key::Wrong(format!("{} is the key of another certificate", file.display()))
        }
        Err(error) => Key::Wrong(format!("{} cannot be used: {error}", file.display())),
    }
}

fn certificates(file: &Path) -> Answer<Vec<CertificateDer<'static>>> {
    let text = fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{} holds no certificate in PEM", file.display())),
        Err(error) => Err(format!("{} is no PEM: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests;
