//! gRPC: hyper's HTTP/2 client, one call after another, driven by the thread that waits for it.

use std::net::SocketAddr;

use anyhow::Context;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{Answer, Sender, TIMEOUT, taken};

const EXPORT: &str = "opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

pub(super) struct Grpc {
    runtime: Runtime,
    requests: http2::SendRequest<Full<Bytes>>,
    uri: String,
}

impl Grpc {
    pub(super) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let requests = runtime.block_on(async {
            let stream = TcpStream::connect(address).await;
            let stream = stream.with_context(|| format!("no connection to {address}"))?;
            stream.set_nodelay(true)?;
            let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
            let (requests, connection) = handshake.await?;
            tokio::spawn(connection);
            anyhow::Ok(requests)
        })?;
        Ok(Self {
            runtime,
            requests,
            uri: format!("http://{address}/{EXPORT}"),
        })
    }
}

impl Sender for Grpc {
    fn send(&mut self, body: &[u8]) -> anyhow::Result<Answer> {
        let mut message = BytesMut::with_capacity(5 + body.len());
        message.put_u8(0); // not compressed
        message.put_u32(body.len() as u32);
        message.put_slice(body);
        let request = Request::post(&self.uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(message.freeze()))?;
        let call = async {
            let response = self.requests.send_request(request).await?;
            let headers = response.headers().clone();
            let collected = response.into_body().collect().await?;
            let trailers = collected.trailers().cloned().unwrap_or_default();
            anyhow::Ok(answer(&headers, &trailers, &collected.to_bytes()))
        };
        let timeout = async { tokio::time::timeout(TIMEOUT, call).await };
        self.runtime.block_on(timeout).context("no answer in time")?
    }
}

fn answer(headers: &HeaderMap, trailers: &HeaderMap, message: &[u8]) -> Answer {
    // an answer without a message has everything in its headers
    let value = |name: &str| {
        let value = trailers.get(name).or_else(|| headers.get(name))?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    match value("grpc-status").as_deref() {
        Some("0") => taken(message.get(5..).unwrap_or_default()),
        status => Answer::Refused {
            message: format!(
                "status {} {}",
                status.unwrap_or("missing"),
                value("grpc-message").unwrap_or_default()
            ),
            // RetryInfo is in the details, and is all that a refusal of ours has there
            has_retry_after: value("grpc-status-details-bin").is_some(),
        },
    }
}
