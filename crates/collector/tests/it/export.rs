//! What the receivers answer.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::clients::{ONE, PROTOBUF, RpcStatus, decoded, grpc, gzip, one, refused, zstd};
use crate::collector::Running;
use crate::requests::{delta, gauge, metric, point, request};

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
    for (encoding, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd)] {
        let packed = collector
            .client
            .post(collector.url("/v1/metrics"))
            .header(PROTOBUF.0, PROTOBUF.1);
        let packed = packed
            .header("content-encoding", encoding)
            .body(pack(&next()))
            .send();
        assert_eq!(packed.await.unwrap().status(), 200);
    }
    shows(3.0).await;

    let mut client = grpc(&collector).await;
    let answer = client.export(decoded(&next())).await.unwrap();
    assert_eq!(
        answer.metadata().get("grpc-accept-encoding").unwrap(),
        "gzip,zstd,identity"
    );
    assert_eq!(answer.into_inner(), ExportMetricsServiceResponse::default());
    shows(4.0).await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut client = grpc(&collector).await.send_compressed(encoding);
        client.export(decoded(&next())).await.unwrap();
    }
    shows(6.0).await;
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
            metric("d", "", delta(vec![point(&[], -1.0), point(&[("k", "v")], -1.0)])),
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
        "2 rejected (negative_delta), first of metric `d`: a counter was sent a negative delta, or one that is no number | \
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
            vec![("content-type", "text/plain")],
            one(1.0),
            415,
            "content type \"text/plain\" is not supported; send application/x-protobuf or application/json \
             (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "br")],
            one(1.0),
            415,
            "content encoding \"br\" is not supported; send gzip, zstd or none",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "gzip")],
            one(1.0),
            400,
            "the body does not unpack; compress it as its header says",
        ),
        (
            vec![PROTOBUF, ("content-encoding", "gzip, zstd")],
            one(1.0),
            415,
            "the body is compressed more than once; send gzip, zstd or none",
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
        get("/v1development/profiles").await,
        (
            404,
            "profiles are not collected; only metrics are, at /v1/metrics".to_owned()
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
