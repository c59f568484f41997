//! Requests in JSON, and their answers.

use reqwest::Response;

use crate::clients::gzip;
use crate::collector::Running;

async fn post(collector: &Running, encoding: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = collector.client.post(collector.url("/v1/metrics"));
    let request = request
        .header("content-type", "application/json; charset=utf-8")
        .header("content-encoding", encoding);
    let response: Response = request.body(body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), response.text().await.unwrap())
}

/// A metric of a service, in a request.
fn of_service(metric: &str) -> String {
    format!(
        r#"{{"resourceMetrics": [{{
            "resource": {{"attributes": [{{"key": "service.name", "value": {{"stringValue": "api"}}}}]}},
            "scopeMetrics": [{{"scope": {{"name": "lib"}}, "metrics": [{metric}]}}]
        }}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_taken_like_protobuf_and_answered_in_json() {
    let collector = Running::start("").await;
    let counter = of_service(
        r#"{"name": "orders", "sum": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
            "isMonotonic": true, "dataPoints": [
                {"asInt": "9007199254740993", "timeUnixNano": "1700000000000000000",
                 "attributes": [{"key": "k", "value": {"intValue": 7}}], "notKnown": [{}]}]}}"#,
    );
    assert_eq!(
        post(&collector, "identity", counter).await,
        (200, "{}".to_owned())
    );
    let histogram = of_service(
        r#"{"name": "latency", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [
            {"count": 3, "sum": 1.5, "explicitBounds": [0.5, 1], "bucketCounts": ["1", 2, "0"]}]}}"#,
    );
    let packed = post(&collector, "gzip", gzip(histogram.as_bytes())).await;
    assert_eq!(packed, (200, "{}".to_owned()));

    let text = collector.scrape().await;
    let labels = "instance=\"\",job=\"api\",otel_scope_name=\"lib\",service_name=\"api\"";
    for line in [
        format!("orders_total{{{labels},k=\"7\"}} 9007199254740992\n"),
        format!("latency_seconds_bucket{{{labels},le=\"0.5\"}} 1\n"),
        format!("latency_seconds_bucket{{{labels},le=\"1\"}} 3\n"),
        format!("latency_seconds_sum{{{labels}}} 1.5\n"),
    ] {
        assert!(text.contains(&line), "no {line} in {text}");
    }

    let reserved =
        of_service(r#"{"name": "up", "gauge": {"dataPoints": [{"asDouble": 1}, {"asDouble": "NaN"}]}}"#);
    assert_eq!(
        post(&collector, "identity", reserved).await,
        (
            200,
            "{\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"errorMessage\":\"2 rejected (reserved_name), first of metric \
             `up`: Prometheus makes series of this name itself; rename the metric\"}}"
                .to_owned()
        )
    );
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_told_in_json() {
    let collector = Running::start("limits.request_bytes = 1000").await;
    let told = "{\"code\":3,\"message\":\"the body is no ExportMetricsServiceRequest in JSON: ";
    for wrong in [
        "",
        "{",
        "[]",
        "{\"resourceMetrics\": 1}",
        "\u{0}",
        "{\"resourceMetrics\": [{]}",
    ] {
        let (code, message) = post(&collector, "identity", wrong).await;
        assert_eq!(code, 400, "{wrong}");
        assert!(message.starts_with(told), "{message}");
    }
    let large = "{\"code\":3,\"message\":\"the request is larger than 1000 bytes; send smaller batches or raise \
                 limits.request_bytes\"}";
    // as it comes, as it unpacks, and as it is transcoded
    let blanks = " ".repeat(1001);
    let bounds = format!("[{}0]", "0,".repeat(300));
    let grows = of_service(&format!(
        r#"{{"histogram":{{"dataPoints":[{{"explicitBounds":{bounds}}}]}}}}"#
    ));
    assert!(grows.len() < 1000);
    for (encoding, body) in [
        ("identity", blanks.clone().into_bytes()),
        ("gzip", gzip(blanks.as_bytes())),
        ("identity", grows.into_bytes()),
    ] {
        assert_eq!(
            post(&collector, encoding, body).await,
            (413, large.to_owned()),
            "{encoding}"
        );
    }
    let (code, message) = post(&collector, "br", "{}").await;
    assert_eq!(
        (
            code,
            message.starts_with("{\"code\":12,\"message\":\"content encoding ")
        ),
        (415, true),
        "{message}"
    );
    collector.stop().await;
}
