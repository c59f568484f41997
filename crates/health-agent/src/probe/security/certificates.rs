//! Certificates: what they say, and whether they fit.

use std::fs;
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
use crate::facts::security::{Certificate, Chain, Fit};
use crate::facts::{Answer, Timestamp};
use crate::probe::security::unless_hidden;

pub(super) fn read(settings: &config::Certificate, now: Timestamp) -> Certificate {
    Certificate {
        path: settings.cert_file.clone(),
        chain: chain(settings, now),
    }
}

fn chain(settings: &config::Certificate, now: Timestamp) -> Answer<Option<Chain>> {
    let Some(certificates) = certificates(&settings.cert_file)? else {
        return Ok(None);
    };
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
    chain.trusted = settings.ca_file.as_deref().map_or(Fit::None, |authorities| {
        fit(trusted(&certificates, authorities, at))
    });
    chain.key = settings
        .key_file
        .as_deref()
        .map_or(Fit::None, |file| fit(key(&certificates, file)));
    Ok(Some(chain))
}

fn fit(compared: Answer<Option<()>>) -> Fit {
    match compared {
        Ok(Some(())) => Fit::Fits,
        Ok(None) => Fit::Hidden,
        Err(error) => Fit::Wrong(error),
    }
}

/// As a server's or a client's: which of both it is, is not known. `None` where the authorities are hidden.
fn trusted(chain: &[CertificateDer<'static>], authorities: &Path, at: Timestamp) -> Answer<Option<()>> {
    let Some(certificates) = certificates(authorities)? else {
        return Ok(None);
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
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
    let Err(error) = as_server else {
        return Ok(Some(()));
    };
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.into())
        .build()
        .map_err(|error| format!("{} cannot be used: {error}", authorities.display()))?;
    match clients.verify_client_cert(own, others, now) {
        Ok(_) => Ok(Some(())),
        Err(_) => Err(why(error)),
    }
}

/// `None` where it is hidden.
fn key(chain: &[CertificateDer<'static>], file: &Path) -> Answer<Option<()>> {
    let Some(text) = read_file(file)? else {
        return Ok(None);
    };
    let der = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| format!("{} holds no private key in PEM", file.display()))?;
    match CertifiedKey::from_der(chain.to_vec(), der, &ring::default_provider()) {
        Ok(_) => Ok(Some(())),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(format!("{} is the key of another certificate", file.display()))
        }
        Err(error) => Err(format!("{} cannot be used: {error}", file.display())),
    }
}

fn read_file(file: &Path) -> Answer<Option<Vec<u8>>> {
    unless_hidden(fs::read(file)).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// `None` where they are hidden.
fn certificates(file: &Path) -> Answer<Option<Vec<CertificateDer<'static>>>> {
    let Some(text) = read_file(file)? else {
        return Ok(None);
    };
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(Some(found)),
        Ok(_) => Err(format!("{} holds no certificate in PEM", file.display())),
        Err(error) => Err(format!("{} is no PEM: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests;
