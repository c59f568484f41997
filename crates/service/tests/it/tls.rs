//! The HTTP server behind TLS.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use service::Life;
use service::http::Server;
use service::tls::{Clients, Identity, Tls, certificates, private_key};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// An authority, whose certificate stands in `<name>.pem`.
fn authority(folder: &TempDir, name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.path().join(format!("{name}.pem")), authority.pem()).unwrap();
    authority
}

/// A certificate for localhost and its key.
fn certified(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn identity(authority: &Authority, folder: &TempDir, clients: Clients) -> Identity {
    let (certificate, key) = certified(authority);
    let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert_file, certificate).unwrap();
    std::fs::write(&key_file, key).unwrap();
    Identity::new(
        certificates(&cert_file).unwrap(),
        private_key(&key_file).unwrap(),
        clients,
    )
    .unwrap()
}

/// A client that trusts an authority, and may show a certificate of its own.
fn connector(trusted: &Authority, own: Option<&Authority>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let (certificate, key) = certified(authority);
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn serve(tls: &Tls) -> (SocketAddr, Life, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let life = Life::detached();
    let router = Router::new().route("/", get(async || "hello"));
    let server = Server::new("test").tls(tls.clone()).max_connections(4);
    let running = tokio::spawn(server.serve(listener, router, life.shutdown()));
    (address, life, running)
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// One request; the last line of what is answered.
async fn ask(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().last().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_server_shows_its_certificate_and_knows_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(&folder, "ours"), authority(&folder, "theirs"));
    let clients = Clients::certified_by(&folder.path().join("theirs.pem")).unwrap();
    let tls = Tls::new(Some(identity(&ours, &folder, clients)));
    let (address, life, running) = serve(&tls).await;

    assert_eq!(
        ask(address, &connector(&ours, Some(&theirs))).await.unwrap(),
        "hello"
    );
    assert!(
        ask(address, &connector(&ours, None)).await.is_err(),
        "without a certificate"
    );
    assert!(
        ask(address, &connector(&ours, Some(&ours))).await.is_err(),
        "of another authority"
    );
    assert!(
        ask(address, &connector(&theirs, Some(&theirs))).await.is_err(),
        "server not trusted"
    );

    // who does not encrypt is told to
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\nthis port takes encrypted connections; use https://\r\n"),
        "{answer}"
    );

    life.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn another_identity_is_shown_from_the_next_connection_on() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (authority(&folder, "old"), authority(&folder, "new"));
    let tls = Tls::new(Some(identity(&old, &folder, Clients::all())));
    let (address, life, running) = serve(&tls).await;
    let (by_old, by_new) = (connector(&old, None), connector(&new, None));
    assert_eq!(ask(address, &by_old).await.unwrap(), "hello");

    tls.replace(Some(identity(&new, &folder, Clients::all())));
    assert_eq!(ask(address, &by_new).await.unwrap(), "hello");
    assert!(ask(address, &by_old).await.is_err());

    tls.replace(None);
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");

    life.stop();
    running.await.unwrap().unwrap();
}

/// What a file with this content is refused with, its name replaced.
fn refused<T>(read: impl Fn(&Path) -> Result<T, String>, content: &str) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let Err(message) = read(file.path()) else {
        panic!("{content} is taken");
    };
    message.replace(file.path().to_str().unwrap(), "FILE")
}

#[test]
fn files_that_cannot_be_used_are_told_apart() {
    let nowhere = Path::new("/nonexistent/cert.pem");
    assert_eq!(
        certificates(nowhere).unwrap_err(),
        "/nonexistent/cert.pem: cannot be read: No such file or directory (os error 2)"
    );
    let no_certificate = "FILE: holds no certificate; it must be a PEM file with `BEGIN CERTIFICATE`";
    let no_key = "FILE: holds no private key; it must be a PEM file with `BEGIN PRIVATE KEY`, not encrypted";
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(&folder, "a");
    let (certificate, key) = certified(&authority);
    assert_eq!(refused(certificates, ""), no_certificate);
    assert_eq!(refused(certificates, &key), no_certificate);
    assert_eq!(refused(private_key, &certificate), no_key);
    let torn = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG!\n-----END PRIVATE KEY-----\n";
    assert_eq!(refused(private_key, torn), "FILE: is no PEM file");
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(
        refused(Clients::certified_by, nonsense)
            .starts_with("FILE: holds a certificate that cannot be used: ")
    );

    let (_, other_key) = certified(&authority);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(other_key.as_bytes()).unwrap();
    assert_eq!(
        Identity::new(chain, key, Clients::all()).unwrap_err(),
        "the key does not belong to the first certificate of the certificates' file"
    );
}
