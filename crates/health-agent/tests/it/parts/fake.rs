//! One server that answers as every part of a box, each below a path of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use service::http::Server;
use service::tls::{Clients, Identity, Tls, certificates, private_key};
use tokio::net::TcpListener;

use super::answers;

pub(super) const SECRET: &str = "never-to-be-seen";

pub(super) const KEYS: &str =
    "[default]\naws_access_key_id = some-key\naws_secret_access_key = never-to-be-seen\n";

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    Status(u16),
    Garbage,
    Hang,
    /// Does what it was asked for, and does not say so.
    DoneAndHang,
    /// More than anybody wants to read.
    Flood,
    /// Ends before it has said all.
    BreakOff,
    /// Samples with another value.
    OtherValue,
}

/// All parts of a box.
pub(super) struct Box {
    pub(super) address: SocketAddr,
    /// For each request of the agent. Only where something hangs it matters.
    pub(super) timeout: &'static str,
    object_store: String,
    /// Whom the agent is told to believe.
    pub(super) authorities: String,
    state: Arc<Mutex<Behaviour>>,
}

#[derive(Default)]
struct Behaviour {
    faults: Vec<(String, Fault)>,
    objects: BTreeMap<String, Bytes>,
    /// How many were written.
    written: usize,
}

type Shared = Arc<Mutex<Behaviour>>;

impl Box {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Shared::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            timeout: "30s",
            object_store: format!("http://{address}"),
            authorities: String::new(),
            state,
        }
    }

    /// From now on the object store is spoken to over TLS. Its authority is written to a file in the folder.
    pub(super) async fn encrypt_object_store(&mut self, folder: &Path) {
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let file = |name: &str, content: String| {
            let path = folder.join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let certificate = params.signed_by(&key, &authority).unwrap();
        let certificate = file("cert.pem", certificate.pem());
        let key = file("key.pem", key.serialize_pem());
        self.authorities = file("ca.pem", authority.pem()).display().to_string();
        let identity = Identity::new(
            certificates(&certificate).unwrap(),
            private_key(&key).unwrap(),
            Clients::all(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.object_store = format!("https://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.state));
        let server = Server::new("s3").tls(Tls::new(Some(identity.unwrap())));
        tokio::spawn(server.serve(listener, router, std::future::pending()));
    }

    /// What begins so goes wrong: a path, or a method and a path. `/` is everything.
    pub(super) fn fault(&mut self, beginning: &str, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.faults.push((beginning.to_owned(), fault));
    }

    /// How many objects are in the bucket.
    pub(super) fn objects(&self) -> usize {
        self.state.lock().unwrap().objects.len()
    }

    /// How many ever were.
    pub(super) fn written(&self) -> usize {
        self.state.lock().unwrap().written
    }

    pub(super) fn settings(&self, keys: &Path) -> String {
        let parts = [
            "prometheus",
            "alertmanager",
            "pushgateway",
            "dashboard",
            "thanos_sidecar",
            "thanos_query",
            "thanos_query_frontend",
            "thanos_store",
            "thanos_compact",
            "thanos_rule",
        ]
        .map(|part| {
            format!(
                "{part} = \"http://{}/{}\"\n",
                self.address,
                part.replace('_', "-")
            )
        })
        .concat();
        let Self {
            address,
            timeout,
            object_store,
            authorities,
            ..
        } = self;
        let keys = keys.display();
        format!(
            r#"
box = "a"
timeout = "{timeout}"
canary.enabled = false
prometheus.max_series = 300000
object_store = {{ bucket = "thanos", region = "here", credentials_file = "{keys}", ca_file = "{authorities}" }}

[parts]
{parts}
object_store = "{object_store}"

[peer]
box = "b"
health = "http://{address}/peer-health"
prometheus = "http://{address}/peer-prometheus"
alertmanager = "http://{address}/alertmanager"

[[collectors]]
environment = "prod"
data_plane_id = "dp-prod-01"
otlp = "http://{address}/otlp"
self_metrics = "http://{address}/prod"

[[collectors]]
environment = "qa"
data_plane_id = "dp-qa-01"
otlp = "http://{address}/otlp"
self_metrics = "http://{address}/qa"
"#
        )
    }
}

/// A new one, which nobody believes yet.
pub(super) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn answer(State(state): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = head
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let called = format!("{} {path}", head.method);
    let fault = {
        let state = state.lock().unwrap();
        let hit = state
            .faults
            .iter()
            .find(|(beginning, _)| path.starts_with(beginning) || called.starts_with(beginning));
        hit.map(|(_, fault)| *fault)
    };
    match fault {
        None => respond(&state, &head.method, &path, body, 0.005),
        Some(Fault::OtherValue) => respond(&state, &head.method, &path, body, 0.75),
        // the object store is asked for its refusals
        Some(Fault::Status(code)) => {
            let said = if path.starts_with("/thanos/") {
                format!("<Error><Code>SignatureDoesNotMatch</Code><Signed>{SECRET}</Signed></Error>")
            } else {
                "it broke".to_owned()
            };
            (StatusCode::from_u16(code).unwrap(), said).into_response()
        }
        Some(Fault::Garbage) => "<html>\u{0}{[\"\\".into_response(),
        Some(Fault::Hang | Fault::DoneAndHang) => {
            if fault == Some(Fault::DoneAndHang) {
                respond(&state, &head.method, &path, body, 0.005);
            }
            tokio::time::sleep(Duration::from_hours(1)).await;
            StatusCode::OK.into_response()
        }
        Some(Fault::Flood) => {
            let piece = Bytes::from(vec![b' '; 1 << 20]);
            let pieces = stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            Body::from_stream(pieces).into_response()
        }
        Some(Fault::BreakOff) => {
            let pieces = [Ok(Bytes::from("{")), Err(std::io::Error::other("gone"))];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
    }
}

fn respond(state: &Shared, method: &Method, path: &str, body: Bytes, value: f64) -> Response {
    if path == "/" || path.starts_with("/thanos/") {
        return object_store(state, method, path, body);
    }
    match answers::of(path, value) {
        Some(answer) => answer.into_response(),
        None => (StatusCode::NOT_FOUND, format!("nothing at {path}")).into_response(),
    }
}

/// As much of S3 as the agent speaks. Without a signature, everything is refused.
fn object_store(state: &Shared, method: &Method, path: &str, body: Bytes) -> Response {
    let refused =
        |code: StatusCode, why: &str| (code, format!("<Error><Code>{why}</Code></Error>")).into_response();
    if !path.contains("X-Amz-Credential=some-key") || path.contains(SECRET) {
        return refused(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let key = path.split('?').next().unwrap_or_default().to_owned();
    let mut state = state.lock().unwrap();
    let Behaviour { objects, written, .. } = &mut *state;
    match *method {
        Method::PUT => {
            *written += 1;
            objects.insert(key, body);
            StatusCode::OK.into_response()
        }
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ if key == "/thanos/" => answers::listing(objects.keys()).into_response(),
        _ => match objects.get(&key) {
            Some(body) => body.clone().into_response(),
            None => refused(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
    }
}
