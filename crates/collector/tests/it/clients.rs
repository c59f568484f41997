//! Those who send: real clients, and hands that write bytes into a socket.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::Channel;

use crate::collector::{PATIENCE, Running};
use crate::requests::{gauge, metric, point, request};

/// `google.rpc.Status`, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

pub(crate) const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// A gauge with one point.
pub(crate) fn one(value: f64) -> Vec<u8> {
    request(
        &[("service.name", "api")],
        vec![metric("g", "", gauge(vec![point(&[], value)]))],
    )
}

/// What a scrape shows of it, but for the value.
pub(crate) const ONE: &str =
    "g{instance=\"\",job=\"api\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\",service_name=\"api\"}";

/// A request without metrics, as long as this because of an unknown field.
pub(crate) fn padded(length: usize) -> Vec<u8> {
    let mut body = request(&[], Vec::new());
    // a varint of four bytes, whatever its value
    let rest = length - body.len() - 6;
    let byte = |shift: u32| (rest >> shift) as u8 & 0x7f;
    body.extend([
        0xfa,
        0x01,
        byte(0) | 0x80,
        byte(7) | 0x80,
        byte(14) | 0x80,
        byte(21),
    ]);
    body.resize(length, 0);
    body
}

pub(crate) fn decoded(bytes: &[u8]) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest::decode(bytes).unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

pub(crate) async fn grpc(collector: &Running) -> MetricsServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", collector.addresses.grpc)).unwrap();
    MetricsServiceClient::new(channel.connect().await.unwrap())
}

/// Sends a body with headers, and reads the status that is answered.
pub(crate) async fn refused(
    collector: &Running,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, RpcStatus) {
    let mut request = collector.client.post(collector.url("/v1/metrics")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-protobuf");
    let code = response.status().as_u16();
    (code, RpcStatus::decode(response.bytes().await.unwrap()).unwrap())
}

/// Begins a request over HTTP: its head, without its body.
pub(crate) async fn announce(collector: &Running, length: usize, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(collector.addresses.http).await.unwrap();
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {length}\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

pub(crate) async fn status_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let read = async {
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer");
    String::from_utf8(line).unwrap().trim_end().to_owned()
}
