//! TLS, certificates of clients, tokens, and IPv6: who gets in, and what the others are told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use prost::Message;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::clients::{ONE, PROTOBUF, RpcStatus, decoded, grpc, one};
use crate::collector::Running;

/// An authority, and the files of a server that it has certified.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        let (certificate, key) = authority.certified();
        authority.write("ca.pem", &authority.issuer.pem());
        authority.write("cert.pem", &certificate);
        authority.write("key.pem", &key);
        authority
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn certified(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (
            params.signed_by(&key, &self.issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    }

    fn settings(&self, clients: bool) -> String {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let mut settings = format!(
            "tls.cert_file = \"{}\"\ntls.key_file = \"{}\"\n",
            file("cert.pem"),
            file("key.pem")
        );
        if clients {
            settings.push_str("tls.client_ca_file = \"");
            settings.push_str(&file("ca.pem"));
            settings.push_str("\"\n");
        }
        settings
    }

    /// A client that trusts this authority, and shows a certificate of it if it has `one`.
    fn connector(&self, has_one: bool, protocol: &[u8]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if has_one {
            let (certificate, key) = self.certified();
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        } else {
            config.with_no_client_auth()
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn connect(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, stream).await
}

/// One request over HTTP/1 and TLS.
async fn send(
    address: SocketAddr,
    connector: &TlsConnector,
    request: Request<axum::body::Body>,
) -> Result<Response<Incoming>, AnyError> {
    let stream = connect(address, connector).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

fn export() -> Request<axum::body::Body> {
    Request::post("/v1/metrics")
        .header("host", "localhost")
        .header(PROTOBUF.0, PROTOBUF.1)
        .body(one(1.0).into())
        .unwrap()
}

fn get(path: &str) -> Request<axum::body::Body> {
    let request = Request::get(path).header("host", "localhost");
    request.body(axum::body::Body::empty()).unwrap()
}

async fn grpc_over_tls(
    address: SocketAddr,
    connector: TlsConnector,
) -> Result<MetricsServiceClient<Channel>, tonic::transport::Error> {
    let connect = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move { connect(address, &connector).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    Ok(MetricsServiceClient::new(
        endpoint.connect_with_connector(connect).await?,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn both_transports_are_encrypted_and_scrapes_where_it_is_wanted() {
    let authority = Authority::new();
    let collector = Running::start(&format!("{}tls.data = true\n", authority.settings(false))).await;
    let (http1, http2) = (
        authority.connector(false, b"http/1.1"),
        authority.connector(false, b"h2"),
    );
    let addresses = collector.addresses;
    assert_eq!(
        send(addresses.http, &http1, export()).await.unwrap().status(),
        200
    );
    let mut client = grpc_over_tls(addresses.grpc, http2).await.unwrap();
    client.export(decoded(&one(2.0))).await.unwrap();

    let scrape = send(addresses.data, &http1, get("/metrics")).await.unwrap();
    let text = axum::body::to_bytes(axum::body::Body::new(scrape.into_body()), usize::MAX);
    let text = String::from_utf8(text.await.unwrap().to_vec()).unwrap();
    assert!(text.contains(&format!("{ONE} 2\n")), "{text}");

    // without TLS: told what is wrong, and seen by the operator
    let plain = collector
        .client
        .post(collector.url("/v1/metrics"))
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 400);
    assert_eq!(
        plain.text().await.unwrap(),
        "this port takes encrypted connections; use https://\r\n"
    );
    let counted = "signalbox_http_failed_connections_total{listener=\"http\",reason=\"plaintext\"}";
    assert_ne!(collector.tells(counted).await, 0);
    drop(client);
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_certificate_of_the_authority_stay_outside() {
    let (ours, others) = (Authority::new(), Authority::new());
    let collector = Running::start(&ours.settings(true)).await;
    let addresses = collector.addresses;
    let certified = ours.connector(true, b"http/1.1");
    assert_eq!(
        send(addresses.http, &certified, export()).await.unwrap().status(),
        200
    );
    let certified = ours.connector(true, b"h2");
    let mut client = grpc_over_tls(addresses.grpc, certified).await.unwrap();
    client.export(decoded(&one(1.0))).await.unwrap();

    for stranger in [
        ours.connector(false, b"http/1.1"),
        others.connector(true, b"http/1.1"),
    ] {
        assert!(send(addresses.http, &stranger, export()).await.is_err());
    }
    // with TLS 1.3 the refusal comes after the handshake
    let stranger = grpc_over_tls(addresses.grpc, ours.connector(false, b"h2")).await;
    if let Ok(mut stranger) = stranger {
        assert!(stranger.export(decoded(&one(1.0))).await.is_err());
    }
    let counted = "signalbox_http_failed_connections_total{listener=\"http\",reason=\"handshake\"}";
    assert_ne!(collector.tells(counted).await, 0);
    drop(client);
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "secret-of-the-shop\nsecret-of-the-bank\n").unwrap();
    let settings = format!("auth.bearer_token_file = \"{}\"", file.display());
    let collector = Running::start(&settings).await;
    let before = collector
        .tells("signalbox_collector_refused_requests_total{reason=\"wrong_token\"}")
        .await;

    let post = |authorization: Option<&str>, body: Vec<u8>| {
        let mut request = collector.client.post(collector.url("/v1/metrics")).body(body);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.header(PROTOBUF.0, PROTOBUF.1).send()
    };
    let accepted = post(Some("Bearer secret-of-the-bank"), one(1.0)).await.unwrap();
    assert_eq!(accepted.status(), 200);
    for (shown, challenge, told) in [
        (None, "Bearer", "a token is needed; "),
        (
            Some("Bearer secret"),
            "Bearer error=\"invalid_token\"",
            "the token is not known here; ",
        ),
    ] {
        let refused = post(shown, vec![0; 3_000_000]).await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.headers()["www-authenticate"], challenge);
        let status = RpcStatus::decode(refused.bytes().await.unwrap()).unwrap();
        assert_eq!(status.code, Code::Unauthenticated as i32);
        assert!(status.message.starts_with(told), "{}", status.message);
        assert!(!status.message.contains("secret"));
    }
    // nothing tells a stranger what there is
    let elsewhere = collector.client.get(collector.url("/")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 401);

    let mut client = grpc(&collector).await;
    let mut call = async |authorization: Option<&str>| -> Result<(), Status> {
        let mut request = tonic::Request::new(decoded(&one(2.0)));
        if let Some(authorization) = authorization {
            let value = authorization.parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        client.export(request).await.map(drop)
    };
    call(Some("Bearer secret-of-the-shop")).await.unwrap();
    assert_eq!(call(None).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(
        call(Some("Bearer x")).await.unwrap_err().code(),
        Code::Unauthenticated
    );

    let counted = "signalbox_collector_refused_requests_total{reason=\"wrong_token\"}";
    assert_eq!(collector.tells(counted).await, before + 2);
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_ipv6() {
    let collector = Running::start_on("[::1]", "").await;
    assert!(collector.addresses.grpc.is_ipv6());
    collector.send(one(1.0)).await;
    grpc(&collector).await.export(decoded(&one(2.0))).await.unwrap();
    let text = collector.scrape().await;
    assert!(text.contains(&format!("{ONE} 2\n")), "{text}");
    collector.stop().await;
}
