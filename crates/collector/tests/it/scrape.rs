//! Whole scrapes.

use std::io::Read;

use crate::collector::Running;
use crate::requests::{distribution, gauge, histogram, metric, point, request, sum};

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_service_in_its_environment() {
    let settings = format!(
        "environment = \"prod\"\ndata_plane_id = \"dp-prod-01\"\n{}",
        include_str!("../../../../stack/collector/collector.toml")
    );
    let collector = Running::start(&settings).await;
    let attributes = [
        ("http.request.method", "GET"),
        ("http.route", "/api/products"),
        ("http.response.status_code", "200"),
    ];
    let metrics = vec![
        metric(
            "http.server.request.duration",
            "s",
            histogram(vec![distribution(&attributes, &[0.5, 1.0], &[3, 2, 1])]),
        ),
        metric(
            "http.server.active_requests",
            "{request}",
            sum(false, vec![point(&[], 2.0)]),
        ),
        metric(
            "orders",
            "",
            sum(true, vec![point(&[("note", "say \"hi\"")], 9.0)]),
        ),
        metric("process.memory.usage", "By", gauge(vec![point(&[], 1.5e9)])),
    ];
    // a client that takes itself for another environment's
    let resource = [
        ("service.name", "api-service"),
        ("service.instance.id", "i-1"),
        ("deployment.environment.name", "dev"),
    ];
    collector.send(request(&resource, metrics)).await;

    let shared = "data_plane_id=\"dp-prod-01\",environment=\"prod\",instance=\"i-1\",job=\"api-service\",\
                  otel_scope_name=\"lib\",otel_scope_version=\"1.0\",service_name=\"api-service\"";
    let renamed = "http_method=\"GET\",http_status_code=\"200\",http_route=\"/api/products\"";
    let of_histogram = |name: &str, help: &str, own: &str| {
        format!(
            "# HELP {name} {help}\n\
             # TYPE {name} histogram\n\
             {name}_bucket{{{shared},{own},le=\"0.5\"}} 3\n\
             {name}_bucket{{{shared},{own},le=\"1\"}} 5\n\
             {name}_bucket{{{shared},{own},le=\"+Inf\"}} 6\n\
             {name}_sum{{{shared},{own}}} 6\n\
             {name}_count{{{shared},{own}}} 6\n"
        )
    };
    let another = "Another name of http_server_request_duration_seconds.";
    let expected = [
        "# HELP http_server_active_requests What http.server.active_requests means.\n\
         # TYPE http_server_active_requests gauge\n"
            .to_owned(),
        format!("http_server_active_requests{{{shared}}} 2\n"),
        of_histogram("http_server_duration", another, renamed),
        of_histogram(
            "http_server_request_duration_seconds",
            "What http.server.request.duration means.",
            "http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/api/products\"",
        ),
        "# HELP orders_total What orders means.\n# TYPE orders_total counter\n".to_owned(),
        format!("orders_total{{{shared},note=\"say \\\"hi\\\"\"}} 9\n"),
        "# HELP otel_http_server_active_requests Another name of http_server_active_requests.\n\
         # TYPE otel_http_server_active_requests gauge\n"
            .to_owned(),
        format!("otel_http_server_active_requests{{{shared}}} 2\n"),
        of_histogram("otel_http_server_duration", another, renamed),
        "# HELP process_memory_usage_bytes What process.memory.usage means.\n\
         # TYPE process_memory_usage_bytes gauge\n"
            .to_owned(),
        format!("process_memory_usage_bytes{{{shared}}} 1500000000\n"),
        "# HELP target_info The attributes of the resource that job and instance stand for.\n\
         # TYPE target_info gauge\n\
         target_info{data_plane_id=\"dp-prod-01\",deployment_environment_name=\"prod\",environment=\"prod\",\
         instance=\"i-1\",job=\"api-service\",service_instance_id=\"i-1\",service_name=\"api-service\"} 1\n"
            .to_owned(),
    ];
    assert_eq!(collector.scrape().await, expected.concat());
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_is_compressed_when_it_is_asked_for() {
    let collector = Running::start("").await;
    let points = (0..2000).map(|index| point(&[("k", &index.to_string())], f64::from(index)));
    collector
        .send(request(&[], vec![metric("g", "", gauge(points.collect()))]))
        .await;
    let plain = collector.scrape().await;
    assert_eq!(plain.lines().filter(|line| line.starts_with("g{")).count(), 2000);

    let url = format!("http://{}/metrics", collector.addresses.data);
    let response = collector
        .client
        .get(url)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let compressed = response.bytes().await.unwrap();
    assert!(compressed.len() < plain.len() / 5);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&compressed[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain);
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collector_tells_of_itself_on_another_port() {
    let collector = Running::start("").await;
    collector
        .send(request(&[], vec![metric("g", "", gauge(vec![point(&[], 1.0)]))]))
        .await;
    collector.scrape().await;
    let get = async |path: &str| {
        let url = format!("http://{}{path}", collector.addresses.self_metrics);
        let response = collector.client.get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get("/livez").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let (_, text) = get("/metrics").await;
    // one recorder serves all collectors of this process, so numbers can be larger than what was sent here
    for metric in [
        "signalbox_collector_accepted_datapoints_total{transport=\"http\"}",
        "signalbox_collector_accepted_datapoints_total{transport=\"grpc\"}",
        "signalbox_collector_requests_total{transport=\"http\"}",
        "signalbox_collector_rejected_datapoints_total{reason=\"series_limit\"}",
        "signalbox_collector_refused_requests_total{reason=\"overloaded\"}",
        "signalbox_collector_scrape_bytes_count",
        "# HELP signalbox_collector_series ",
        "signalbox_collector_series_limit ",
        "signalbox_collector_series_bytes_limit ",
    ] {
        assert!(text.contains(metric), "no {metric} in\n{text}");
    }
    let accepted = "signalbox_collector_accepted_datapoints_total{transport=\"http\"} ";
    let (_, rest) = text.split_once(accepted).unwrap();
    assert_ne!(rest.lines().next(), Some("0"));
    collector.stop().await;
}
