use std::collections::BTreeMap;

use serde_json::json;

use crate::collector::{Attributes, Collector};
use crate::demo::Demo;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn counts<const N: usize>(pairs: [(&str, i64); N]) -> BTreeMap<String, i64> {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_become_metrics_by_the_semantic_conventions() {
    let collector = Collector::start().await;
    let demo = Demo::start(json!({
        "environment": "prod",
        "data_plane_id": "dp-prod-01",
        // long enough that only the last export, at the end, carries anything
        "export": {"endpoint": collector.endpoint, "interval": "1h"},
        "payments": {"failure_ratio": 0.0},
    }))
    .await;
    let port = demo.addresses[0].port();
    let client = reqwest::Client::new();
    for _ in 0..3 {
        assert_eq!(
            client.get(demo.url("/health")).send().await.unwrap().status(),
            200
        );
    }
    let failing = client
        .get(demo.url("/health"))
        .header("x-signalbox-fault", "error");
    assert_eq!(failing.send().await.unwrap().status(), 500);
    for query in ["coffee", "coffee", "Coffee ", "tea"] {
        let found = client
            .get(demo.url("/api/search"))
            .query(&[("q", query)])
            .send()
            .await
            .unwrap();
        assert_eq!(found.status(), 200);
    }
    let order = r#"{"customer": "c-1", "items": [{"sku": "CF-101", "quantity": 2}]}"#;
    let created = client
        .post(demo.url("/api/orders"))
        .header("content-type", "application/json")
        .body(order);
    let created = created.send().await.unwrap();
    assert_eq!(created.status(), 201);
    let created_bytes = created.bytes().await.unwrap().len();
    let payment = client
        .post(demo.url("/api/payments"))
        .json(&json!({"orderId": "ord-1", "amountCents": 3780}));
    assert_eq!(payment.send().await.unwrap().status(), 200);
    assert_eq!(
        client.get(demo.url("/nowhere/42")).send().await.unwrap().status(),
        404
    );
    assert_eq!(client.get(demo.url("/livez")).send().await.unwrap().status(), 200);
    demo.stop().await;

    let export = collector.latest();
    assert_eq!(
        export.names_and_units(),
        [
            ("http.server.active_requests", "{request}"),
            ("http.server.request.body.size", "By"),
            ("http.server.request.duration", "s"),
            ("http.server.response.body.size", "By"),
            ("shop.cache.lookups", "{lookup}"),
            ("shop.orders.created", "{order}"),
            ("shop.payments", "{payment}"),
        ]
    );
    let resource = export.resource();
    let of_resource = |key: &str| resource.get(key).map(String::as_str);
    assert_eq!(of_resource("service.name"), Some("api-service"));
    assert_eq!(of_resource("service.version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(of_resource("deployment.environment.name"), Some("prod"));
    assert_eq!(of_resource("data_plane_id"), Some("dp-prod-01"));
    assert_eq!(of_resource("telemetry.sdk.language"), Some("rust"));
    let instance = of_resource("service.instance.id").unwrap();
    assert!(
        instance.starts_with("dp-prod-01/") && instance.ends_with(&format!(":{port}")),
        "{instance}"
    );

    let durations = export.histogram("http.server.request.duration");
    let mut counted: Vec<(Attributes, u64)> = durations
        .iter()
        .map(|(attributes, point)| (attributes.clone(), point.count))
        .collect();
    counted.sort_unstable();
    let route = |method, route, status| {
        attributes(&[
            ("http.request.method", method),
            ("http.response.status_code", status),
            ("http.route", route),
            ("url.scheme", "http"),
        ])
    };
    let mut failed = route("GET", "/health", "500");
    failed.insert("error.type".to_owned(), "500".to_owned());
    let unknown = attributes(&[
        ("http.request.method", "GET"),
        ("http.response.status_code", "404"),
        ("url.scheme", "http"),
    ]);
    let mut expected = vec![
        (route("GET", "/health", "200"), 3),
        (failed, 1),
        (route("GET", "/api/search", "200"), 4),
        (route("POST", "/api/orders", "201"), 1),
        (route("POST", "/api/payments", "200"), 1),
        (unknown, 1),
    ];
    expected.sort_unstable();
    assert_eq!(counted, expected);
    let bounds = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    for (_, point) in durations {
        assert_eq!(point.explicit_bounds, bounds);
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
        assert!(point.sum() > 0.0 && point.sum() < 10.0, "{}", point.sum());
    }

    let orders = route("POST", "/api/orders", "201");
    for (name, bytes) in [
        ("http.server.request.body.size", order.len()),
        ("http.server.response.body.size", created_bytes),
    ] {
        let points = export.histogram(name);
        let (_, point) = points
            .iter()
            .find(|(attributes, _)| *attributes == orders)
            .expect(name);
        assert_eq!((point.count, point.sum()), (1, bytes as f64), "{name}");
    }

    let active = export.sum("http.server.active_requests");
    assert_eq!(
        active,
        counts([
            ("http.request.method=GET url.scheme=http", 0),
            ("http.request.method=POST url.scheme=http", 0),
        ])
    );
    assert_eq!(export.sum("shop.orders.created"), counts([("", 1)]));
    assert_eq!(
        export.sum("shop.payments"),
        counts([("payment.outcome=succeeded", 1)])
    );
    assert_eq!(
        export.sum("shop.cache.lookups"),
        counts([("cache.result=hit", 2), ("cache.result=miss", 2)])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_active_until_it_ends_however_it_ends() {
    let mut collector = Collector::start().await;
    let demo = Demo::start(json!({
        "export": {"endpoint": collector.endpoint, "interval": "20ms"},
        "latency": {"reports": "10m"},
    }))
    .await;
    let url = demo.url("/api/reports");
    let waiting = tokio::spawn(async move { reqwest::get(url).await });
    let active = |count| {
        let series = counts([("http.request.method=GET url.scheme=http", count)]);
        move |export: &crate::collector::Export| export.sum("http.server.active_requests") == series
    };
    collector.export_where(active(1)).await;
    waiting.abort();
    let export = collector.export_where(active(0)).await;
    let durations = export.histogram("http.server.request.duration");
    let cancelled = attributes(&[
        ("error.type", "cancelled"),
        ("http.request.method", "GET"),
        ("http.route", "/api/reports"),
        ("url.scheme", "http"),
    ]);
    assert_eq!(durations.len(), 1);
    assert_eq!((&durations[0].0, durations[0].1.count), (&cancelled, 1));
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_counted_by_outcome() {
    let collector = Collector::start().await;
    let demo = Demo::start(json!({
        "export": {"endpoint": collector.endpoint, "interval": "1h"},
        "payments": {"failure_ratio": 1.0, "breaker": {"failures": 3, "open_for": "1h"}},
    }))
    .await;
    let client = reqwest::Client::new();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let payment = client
            .post(demo.url("/api/payments"))
            .json(&json!({"orderId": "ord-1", "amountCents": 3780}));
        let response = payment.send().await.unwrap();
        let retry_after = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        statuses.push((response.status().as_u16(), retry_after.as_deref() == Some("3600")));
    }
    assert_eq!(
        statuses,
        [(502, false), (502, false), (502, false), (503, true), (503, true)]
    );
    demo.stop().await;
    let export = collector.latest();
    assert_eq!(
        export.sum("shop.payments"),
        counts([("payment.outcome=failed", 3), ("payment.outcome=refused", 2)])
    );
    assert_eq!(
        export.sum("shop.circuit_breaker.transitions"),
        counts([("circuit_breaker.state=open", 1)])
    );
}
