//! One request on a connection of its own, encrypted where the URL says so: what it meets is what a new client meets.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::request;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use reqwest::{StatusCode, Url};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WantsClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use crate::facts::Answer;

/// A collector's answer is a few hundred bytes, an object store's a few thousand.
const MAX_ANSWER: usize = 64 * 1024;

/// The authorities whose servers are believed, and who this client is.
pub(crate) struct Trust(TlsConnector);

impl Trust {
    /// A collection of many authorities, as systems have one: those that cannot be used are left out.
    pub(crate) fn of_many(authorities: &Path) -> Answer<Self> {
        let mut roots = RootCertStore::empty();
        let (usable, _) = roots.add_parsable_certificates(service::tls::certificates(authorities)?);
        if usable == 0 {
            return Err(format!(
                "{}: has no authority that can be used",
                authorities.display()
            ));
        }
        let config = builder(roots)?.with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// `identity`: files with a certificate and its key, for servers that ask for one.
    pub(crate) fn of(authorities: &Path, identity: Option<(&Path, &Path)>) -> Answer<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in service::tls::certificates(authorities)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{}: cannot be used: {error}", authorities.display()))?;
        }
        let config = builder(roots)?;
        let config = match identity {
            Some((certificates, key)) => config
                .with_client_auth_cert(
                    service::tls::certificates(certificates)?,
                    service::tls::private_key(key)?,
                )
                .map_err(|error| format!("{}: cannot be shown: {error}", certificates.display()))?,
            None => config.with_no_client_auth(),
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn builder(roots: RootCertStore) -> Answer<ConfigBuilder<ClientConfig, WantsClientCert>> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("cannot encrypt: {error}"))?
            .with_root_certificates(roots),
    )
}

/// Posts JSON. All of it together takes no longer than `timeout`.
pub(crate) async fn post(
    url: &Url,
    trust: Option<&Trust>,
    token: Option<&str>,
    body: Vec<u8>,
    timeout: Duration,
) -> Answer<(StatusCode, Vec<u8>)> {
    let (status, _, body) = send(url, trust, request(url, token, body)?, timeout).await?;
    Ok((status, body))
}

/// All of it together takes no longer than `timeout`.
pub(crate) async fn send(
    url: &Url,
    trust: Option<&Trust>,
    request: Request<Full<Bytes>>,
    timeout: Duration,
) -> Answer<(StatusCode, HeaderMap, Vec<u8>)> {
    let answer = async {
        let stream = connect(url)
            .await
            .map_err(|error| format!("cannot be reached: {error}"))?;
        if url.scheme() == "http" {
            return exchange(stream, request).await;
        }
        let Some(Trust(connector)) = trust else {
            return Err("not asked: it encrypts, and no ca_file says whom to believe".to_owned());
        };
        let name = ServerName::try_from(host(url)).map_err(|error| format!("has no usable name: {error}"))?;
        let encrypted = connector.connect(name, stream).await;
        exchange(
            encrypted.map_err(|error| format!("cannot be believed: {error}"))?,
            request,
        )
        .await
    };
    let answer = tokio::time::timeout(timeout, answer).await;
    answer.unwrap_or_else(|_| Err("did not answer in time".to_owned()))
}

/// A request with what every one has.
pub(crate) fn begin(method: Method, url: &Url) -> request::Builder {
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(CONNECTION, "close")
        .header(
            USER_AGENT,
            concat!("signalbox-health/", env!("CARGO_PKG_VERSION")),
        )
}

fn request(url: &Url, token: Option<&str>, body: Vec<u8>) -> Answer<Request<Full<Bytes>>> {
    let mut request = begin(Method::POST, url).header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        // the error would quote the token
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "not asked: the token has characters that no header may have".to_owned())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request
        .body(Full::from(body))
        .map_err(|error| format!("not asked: {error}"))
}

async fn connect(url: &Url) -> std::io::Result<TcpStream> {
    TcpStream::connect((host(url), url.port_or_known_default().unwrap_or(0))).await
}

/// Without the brackets that an IPv6 address has in a URL.
fn host(url: &Url) -> String {
    url.host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned()
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Answer<(StatusCode, HeaderMap, Vec<u8>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broke_off = |error: &(dyn Error + 'static)| format!("broke off: {}", innermost(error));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broke_off(&error))?;
    let answer = async {
        let mut response = sender
            .send_request(request)
            .await
            .map_err(|error| broke_off(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| broke_off(error.as_ref()))?;
        // the connection ends when nobody can send on it any more
        drop(sender);
        Ok((status, headers, body.to_bytes().to_vec()))
    };
    // what the connection itself has to say, the answer says too
    tokio::join!(answer, connection).0
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
