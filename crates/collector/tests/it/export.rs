//! What the receivers answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use crate::collector::{PATIENCE, Running};
use crate::requests::{delta, gauge, metric, point, request};

/// `google.rpc.Status`, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// A gauge with one point.
fn one(value: f64) -> Vec<u8> {
    request(
        &[("service.name", "api")],
        vec![metric("g", "", gauge(vec![point(&[], value)]))],
    )
}

const ONE: &str =
    "g{instance=\"\",job=\"api\",otel_scope_name=\"lib\",otel_scope_version=\"1.0\",service_name=\"api\"}";

fn decoded(bytes: &[u8]) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest::decode(bytes).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn grpc(collector: &Running) -> MetricsServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", collector.addresses.grpc)).unwrap();
    MetricsServiceClient::new(channel.connect().await.unwrap())
}

/// Sends a body with headers, and reads the status that is answered.
async fn refused(collector: &Running, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, RpcStatus) {
    let mut request = collector.client.post(collector.url("/v1/metrics")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-protobuf");
    let code = response.status().as_u16();
    (code, RpcStatus::decode(response.bytes().await.unwrap()).unwrap())
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[tokio::test(flavor = "multi_thread")]
async fn http_and_grpc_take_requests_packed_and_unpacked() {
    let collector = Running::start("").await;
    let mut value = 0.0;
    let mut next = || {
        value += 1.0;
        one(value)
    };
    let shows = async |expected: f64| {
        let text = collector.scrape().await;
        assert!(text.contains(&format!("{ONE} {expected}\n")), "{text}");
    };

    collector.send(next()).await;
    shows(1.0).await;
    let packed = collector
        .client
        .post(collector.url("/v1/metrics"))
        .header(PROTOBUF.0, PROTOBUF.1);
    let packed = packed
        .header("content-encoding", "gzip")
        .body(gzip(&next()))
        .send()
        .await
        .unwrap();
    assert_eq!(packed.status(), 200);
    shows(2.0).await;

    let mut client = grpc(&collector).await;
    let answer = client.export(decoded(&next())).await.unwrap().into_inner();
    assert_eq!(answer, ExportMetricsServiceResponse::default());
    shows(3.0).await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut client = grpc(&collector).await.send_compressed(encoding);
        client.export(decoded(&next())).await.unwrap();
    }
    shows(5.0).await;
    drop(client);
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_told_in_the_answer() {
    let collector = Running::start("").await;
    let body = request(
        &[],
        vec![
            metric("g", "", gauge(vec![point(&[], 1.0)])),
            metric("d", "", delta(vec![point(&[], 1.0), point(&[("k", "v")], 1.0)])),
            metric("up", "", gauge(vec![point(&[], 1.0)])),
        ],
    );
    let over_grpc = grpc(&collector)
        .await
        .export(decoded(&body))
        .await
        .unwrap()
        .into_inner();
    let response = collector.post(body).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/x-protobuf".parse().unwrap())
    );
    let over_http = ExportMetricsServiceResponse::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(over_http, over_grpc);
    let partial_success = over_http.partial_success.unwrap();
    assert_eq!(partial_success.rejected_data_points, 3);
    assert_eq!(
        partial_success.error_message,
        "2 rejected (delta_temporality), first of metric `d`: delta temporality is not supported; \
         set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative | \
         1 rejected (reserved_name), first of metric `up`: Prometheus makes series of this name itself; \
         rename the metric"
    );
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_gets_a_sentence_that_helps() {
    let collector = Running::start("limits.request_bytes = 1000").await;
    for (headers, body, code, message) in [
        (
            vec![("content-type", "application/json")],
            one(1.0),
            415,
            "content type \"application/json\" is not supported; send application/x-protobuf \
             (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "br")],
            one(1.0),
            415,
            "content encoding \"br\" is not supported; send gzip or none",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "gzip")],
            one(1.0),
            400,
            "the body does not unpack; compress it as its header says",
        ),
        (
            vec![PROTOBUF],
            b"{}".to_vec(),
            400,
            "the body is no ExportMetricsServiceRequest in protobuf: a field has an unknown type",
        ),
        (
            vec![PROTOBUF],
            vec![0; 1001],
            413,
            "the request is larger than 1000 bytes; send smaller batches or raise limits.request_bytes",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "gzip")],
            gzip(&vec![0; 1001]),
            413,
            "the request is larger than 1000 bytes; send smaller batches or raise limits.request_bytes",
        ),
    ] {
        let (found, status) = refused(&collector, &headers, body).await;
        assert_eq!((found, status.message.as_str()), (code, message));
        assert!(status.details.is_empty(), "retrying would not help");
    }

    let get = async |path: &str| {
        let response = collector.client.get(collector.url(path)).send().await.unwrap();
        let code = response.status().as_u16();
        (
            code,
            RpcStatus::decode(response.bytes().await.unwrap())
                .unwrap()
                .message,
        )
    };
    assert_eq!(
        get("/v1/metrics").await,
        (405, "only POST is supported here".to_owned())
    );
    assert_eq!(
        get("/v1/traces").await,
        (
            404,
            "traces are not collected; only metrics are, at /v1/metrics (OTEL_TRACES_EXPORTER=none)"
                .to_owned()
        )
    );
    assert_eq!(
        get("/v1/metric").await,
        (
            404,
            "there is nothing at \"/v1/metric\"; send metrics to /v1/metrics".to_owned()
        )
    );
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_says_what_is_wrong_too() {
    let collector = Running::start("limits.request_bytes = 1000").await;
    let large = request(&[("k", &"x".repeat(2000))], Vec::new());
    let status = grpc(&collector).await.export(decoded(&large)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::InvalidArgument,
            "the request is larger than 1000 bytes; send smaller batches or raise limits.request_bytes"
        )
    );

    // and so is one that is small until it is unpacked
    let mut packed = grpc(&collector).await.send_compressed(CompressionEncoding::Gzip);
    let unpacked = packed.export(decoded(&large)).await.unwrap_err();
    assert_eq!(
        (unpacked.code(), unpacked.message()),
        (Code::InvalidArgument, status.message())
    );

    // the headers of gRPC, without its HTTP/2
    let url = format!("http://{}", collector.addresses.grpc);
    let traces = format!("{url}/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let traces = collector
        .client
        .post(traces)
        .header("content-type", "application/grpc");
    let response = traces.send().await.unwrap();
    assert_eq!(
        response.headers()["grpc-status"],
        (Code::Unimplemented as i32).to_string()
    );
    assert!(
        response.headers()["grpc-message"]
            .to_str()
            .unwrap()
            .starts_with("traces%20are%20not%20collected")
    );

    let export = format!("{url}/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
    for (encoding, body, code) in [
        ("snappy", &[0, 0, 0, 0, 0][..], Code::Unimplemented),
        ("gzip", &[1, 0, 0, 0, 2, 0, 0], Code::InvalidArgument),
        ("identity", &[0, 0, 0, 0, 2, 0], Code::Cancelled),
    ] {
        let request = collector
            .client
            .post(&export)
            .header("content-type", "application/grpc");
        let response = request
            .header("grpc-encoding", encoding)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["grpc-status"],
            (code as i32).to_string(),
            "{encoding}"
        );
    }

    // the commonest mistake in an exporter's configuration
    let response = collector
        .client
        .post(format!("{url}/v1/metrics"))
        .body(one(1.0))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 415);
    assert!(response.text().await.unwrap().contains("4318"));
    let self_metrics = format!("http://{}/metrics", collector.addresses.self_metrics);
    let response = collector.client.get(self_metrics).send().await.unwrap();
    let counted = "signalbox_collector_refused_requests_total{reason=\"wrong_port\"} ";
    let text = response.text().await.unwrap();
    let (_, count) = text.split_once(counted).unwrap();
    assert_ne!(count.lines().next(), Some("0"));
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_are_told_to_come_back_when_too_much_is_in_flight() {
    let collector = Running::start("limits.request_bytes = 1000\nlimits.in_flight_bytes = 2000").await;
    // two requests that do not come to their end take almost the whole budget
    let body = padded(1000);
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = announce(&collector, 1000, "").await;
        stream.write_all(&body[..990]).await.unwrap();
        held.push(stream);
    }
    let used_up = async {
        // who only announces something takes nothing of the budget
        while status_line(&mut announce(&collector, 100, "expect: 100-continue\r\n").await).await
            == "HTTP/1.1 100 Continue"
        {}
    };
    tokio::time::timeout(PATIENCE, used_up)
        .await
        .expect("the budget is used up");

    let response = collector.post(one(1.0)).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    let status = RpcStatus::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, Code::ResourceExhausted as i32);
    assert_eq!(status.message, "the collector is overloaded; try again later");

    let refused = grpc(&collector)
        .await
        .export(decoded(&one(1.0)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = RpcStatus::decode(refused.details()).unwrap().details;
    assert_eq!(details[0].type_url, "type.googleapis.com/google.rpc.RetryInfo");
    // one second, in a Duration, in a RetryInfo
    assert_eq!(details[0].value, [0x0a, 2, 0x08, 1]);

    // the rest comes after all, and makes room
    for stream in &mut held {
        stream.write_all(&body[990..]).await.unwrap();
        assert_eq!(status_line(stream).await, "HTTP/1.1 200 OK");
    }
    collector.send(one(1.0)).await;
    drop(held);
    collector.stop().await;
}

/// Begins a request over HTTP: its head, without its body.
async fn announce(collector: &Running, length: usize, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(collector.addresses.http).await.unwrap();
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {length}\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let read = async {
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer");
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

/// A request without metrics, as long as this because of an unknown field.
fn padded(length: usize) -> Vec<u8> {
    let mut body = request(&[], Vec::new());
    let rest = length - body.len() - 4;
    body.extend([0xfa, 0x01, (rest as u8 & 0x7f) | 0x80, (rest >> 7) as u8]);
    body.resize(length, 0);
    body
}
